import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import type { Users } from './users.ts';

export interface Note {
  readonly id: string;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly writtenAt: number;
}

// What a session holds: `req.session.get('visits')` is a number, and a misspelt name an error.
declare module 'websauna-session' {
  interface SessionData {
    visits: number;
    notes: Note[];
    /** Where to go after the login that was asked for on the way. */
    returnTo: string;
    /** The id of the visitor's last race; the result is in memory. */
    race: string;
    /** The id of the visitor's experiment with a late write. */
    experiment: string;
  }
}

/** The store is left to the caller: Redis, or this process's memory when `options` names none. */
export function createSessions(
  users: Users,
  options: Pick<SessionOptions, 'secret' | 'redis' | 'store'>,
): SessionFactory {
  return createSessionFactory({
    ...options,
    maxSessionsPerOwner: 10,
    // The dashboard shows both.
    audit: true,
    stats: true,
    // The login page says why a session has ended.
    explainEnds: 604_800,
    // Asked on every request of a logged-in session: a login from before the password's change is void.
    invalidateBefore: async (owner) => (await users.find(owner))?.passwordChangedAt ?? null,
  });
}
