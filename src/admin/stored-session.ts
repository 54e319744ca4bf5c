import type { OwnedRecord } from '../stores/store.ts';

/** What is known about a stored session besides its data. Its id, which opens it, is not. */
export interface StoredSession {
  /** The public name, to end the session by. */
  readonly handle: string;
  /** The application's user id; `null` before a login. */
  readonly owner: string | null;
  /** When it was first stored, or its owner logged in. A login that keeps the absolute expiry keeps this, too. */
  readonly createdAt: Date;
  readonly authenticatedAt: Date | null;
  readonly lastSeenAt: Date;
  /** The end that no activity can move; `null` for none. */
  readonly expiresAt: Date | null;
  /** Seconds of inactivity after which it ends. */
  readonly timeout: number;
  /** Whether the cookie outlives the browser's session, as the login has said; `null`: as the factory says. */
  readonly remember: boolean | null;
  /** How the owner authenticated. */
  readonly method: string | null;
  readonly clientAddress: string | null;
  readonly userAgent: string | null;
}

export function describeRecord({ handle, meta, lastSeen }: OwnedRecord): StoredSession {
  return {
    handle,
    owner: meta.owner,
    createdAt: new Date(meta.createdAt),
    authenticatedAt: meta.authenticatedAt === 0 ? null : new Date(meta.authenticatedAt),
    lastSeenAt: new Date(lastSeen),
    expiresAt: meta.expiresAt === 0 ? null : new Date(meta.expiresAt),
    timeout: meta.timeout.seconds,
    remember: meta.remember,
    method: meta.method,
    clientAddress: meta.address,
    userAgent: meta.agent,
  };
}
