import type { Context } from 'hono';
import type { ResponseHead } from '../../exchange.ts';
import type { SessionFactory } from '../../factory.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import { AbsentHead } from '../absent-head.ts';
import { cancelBody } from '../fetch/cancel-body.ts';
import { FetchHead } from '../fetch/head.ts';
import { addFinalChecks, type FinalCheck } from '../node/final-gate.ts';
import { assertSession } from '../mount.ts';
import { REPRESENTATION_HEADERS } from '../representation-headers.ts';
import { nodeBindings } from './exchange.ts';
import { checkWhenRead, replaceResponse } from './final-gate.ts';

/** Commits a session, whose commit has failed, to the response that Hono makes of the error, when that is first read. */
class ErrorCommit<Data extends object, S extends WebsaunaSession<Data>> implements FinalCheck {
  readonly #factory: SessionFactory<Data, S>;
  readonly #session: S;
  #committed = false;

  constructor(factory: SessionFactory<Data, S>, session: S) {
    this.#factory = factory;
    this.#session = session;
  }

  finalize(head: ResponseHead): void {
    if (this.#committed) return this.#factory.finalize(this.#session, head);
    this.#committed = true;
    // Nothing is stored any longer, so there is nothing to wait for.
    void this.#factory.commit(this.#session, head);
  }
}

/** Commits a session to the response of its context. */
export async function commitResponse<Data extends object, S extends WebsaunaSession<Data>>(
  factory: SessionFactory<Data, S>,
  session: S,
  c: Context,
  property: string,
): Promise<void> {
  const { outgoing } = nodeBindings(c);
  // Nothing has answered, which Hono is about to report; or the handler has, past Hono.
  if (!c.finalized || outgoing?.headersSent === true) {
    await commitPast(factory, session);
    return;
  }
  const head = new FetchHead(c.res);
  try {
    if (head.status < 500) assertSession(c.get(property), property);
    await factory.commit(session, head);
  } catch (error) {
    cancelBody(head.response);
    const headers = new Headers(head.response.headers);
    for (const name of REPRESENTATION_HEADERS) headers.delete(name);
    // Hono copies the headers of the response that it replaces to the error's response.
    replaceResponse(c, new Response(null, { headers }));
    checkWhenRead(c, new ErrorCommit(factory, session));
    throw error;
  }
  if (head.response !== c.res) replaceResponse(c, head.response);
  if (!head.cookieAdded) return;
  const check = { finalize: (last: ResponseHead): void => factory.finalize(session, last) };
  checkWhenRead(c, check);
  if (outgoing !== undefined) addFinalChecks(outgoing, [check]);
}

/** Commits a session whose response this adapter does not see. */
async function commitPast<Data extends object, S extends WebsaunaSession<Data>>(
  factory: SessionFactory<Data, S>,
  session: S,
): Promise<void> {
  try {
    await factory.commit(session, new AbsentHead());
  } catch (error) {
    // The error may never be seen: `hono/timeout` in front, for one, no longer waits. What is lost is reported.
    await factory.commit(session, new AbsentHead(500));
    throw error;
  }
}
