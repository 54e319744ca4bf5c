import type { CookieJar } from 'next/headers.js';
import type { SessionFactory } from '../../factory.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import { statusOfThrown } from '../fetch/answer.ts';
import { runWithSession } from '../request-context.ts';
import { ActionHead } from './action-head.ts';

/**
 * Refuses to run an action while a page renders: its change would reach the store, and its cookie would not reach the client.
 * @throws {TypeError}
 */
export function assertCookiesWritable(jar: CookieJar): void {
  // While a page renders, each method that would change the jar is the same one, which throws.
  if ((jar.set as unknown) !== jar.delete) return;
  throw new TypeError(
    'Expected an action to be called by a form or an event of the page, got a call while the page renders, which cannot set a cookie',
  );
}

/** Runs a server action with its session, and commits the session before the action's answer: returned or thrown. */
export async function runAction<Data extends object, S extends WebsaunaSession<Data>, R>(
  factory: SessionFactory<Data, S>,
  session: S,
  jar: CookieJar,
  action: () => R | Promise<R>,
): Promise<{ head: ActionHead; deliver: () => R }> {
  let answer: { status: number; deliver: () => R };
  try {
    const value = await runWithSession(factory, session, action);
    answer = { status: 200, deliver: () => value };
  } catch (error) {
    answer = {
      status: statusOfThrown(error),
      deliver() {
        throw error;
      },
    };
  }
  const head = new ActionHead(jar, answer.status);
  try {
    await factory.commit(session, head);
    return { head, deliver: answer.deliver };
  } catch (error) {
    await factory.commit(session, new ActionHead(jar, 500));
    const deliver = (): never => {
      throw error;
    };
    return { head, deliver };
  }
}
