import type { EndOptions } from '../index.ts';
import { count } from './format.ts';
import { MESSAGES } from './layout.ts';
import { link } from './link.ts';
import { redirect } from './respond.ts';
import type { Act } from './visit.ts';

/** Ends one session, by its handle. */
export async function endSession(act: Act): Promise<Response> {
  const { factory, session } = act;
  const handle = act.form.get('handle') ?? '';
  const owner = act.form.get('owner');
  const back = owner === null ? link('') : link('owner', { owner });
  if (handle === session.handle) return done(act, 'That is the session you are using: log out to end it.', back);
  const by = await actorOf(act);
  const ended = await (owner === null
    ? factory.sessions.destroy(handle, { search: false, ...by })
    : factory.owners.revokeSession(owner, handle, by));
  return done(act, ended ? 'The session has been ended.' : 'That session had already ended.', back);
}

/** Ends all sessions of an owner, but not the one that asks. */
export async function endAll(act: Act): Promise<Response> {
  const { factory, session } = act;
  const owner = act.form.get('owner') ?? '';
  const spared = owner === session.owner ? { except: session } : {};
  const ended = owner === '' ? 0 : await factory.owners.revoke(owner, { ...spared, ...(await actorOf(act)) });
  return done(act, endedMessage(ended), link('owner', { owner }));
}

/** Ends the sessions of a login index. */
export async function endByIndex(act: Act): Promise<Response> {
  const name = act.form.get('name') ?? '';
  const value = act.form.get('value') ?? '';
  const ended = name === '' || value === '' ? 0 : await act.factory.owners.revokeBy(name, value, await actorOf(act));
  return done(act, endedMessage(ended), link('index', { name, value }));
}

/** Longer names are cut: the audit trail takes no more. */
const MAX_NAME = 200;

/** Returns who acts, for the audit trail. */
async function actorOf({ options, session, request }: Act): Promise<EndOptions> {
  const name = await options.by(session, request);
  return name === null || name === '' ? {} : { by: name.slice(0, MAX_NAME).toWellFormed() };
}

function endedMessage(ended: number): string {
  return ended === 0 ? 'There was no session to end.' : `${count(ended, 'session')} ended.`;
}

function done({ session }: Act, message: string, to: string): Response {
  session.flash(message, MESSAGES);
  return redirect(to);
}
