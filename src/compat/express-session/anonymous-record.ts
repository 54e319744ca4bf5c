import type { CookieState, IdleTimeout, NewRecord, RecordDetails, RecordMeta, Stored } from '../../stores/store.ts';

const NO_DETAILS: RecordDetails = { owner: null, method: null, address: null, agent: null, indexKeys: [] };

/** What is known of a session without an owner and without limits of its own. */
interface AnonymousMeta {
  /** Milliseconds. */
  readonly createdAt: number;
  readonly timeout: IdleTimeout;
  /** Milliseconds, and what the engine notices a change of the cookie's attributes by. */
  readonly cookie: Pick<CookieState, 'sentAt' | 'attributes'>;
}

/** Returns the metadata of a session that a store of the other library keeps. */
export function anonymousMeta({ createdAt, timeout, cookie }: AnonymousMeta): RecordMeta {
  return {
    ...NO_DETAILS,
    createdAt,
    timeout,
    expiresAt: 0,
    ownExpiry: false,
    authenticatedAt: 0,
    cookie: { ...cookie, confirmed: true },
    remember: null,
  };
}

/** Returns a record to be made of such a session. @param seconds that it lives without being used */
export function anonymousRecord(
  seconds: number,
  fields: ReadonlyMap<string, Stored> = new Map(),
  cookieAttributes = '',
): NewRecord {
  return {
    details: NO_DETAILS,
    timeout: { seconds, adjusted: true },
    absoluteTimeout: 0,
    fields,
    cookieAttributes,
    login: null,
  };
}
