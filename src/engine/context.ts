import type { EventHub } from '../events.ts';
import type { NormalizedOptions } from '../options/normalize.ts';
import type { SessionStore } from '../stores/store.ts';
import type { CookieVerifier } from '../crypto/cookie-verifier.ts';
import type { Keyring } from '../crypto/keyring.ts';

/** What all sessions of a factory share. */
export interface Engine {
  readonly options: NormalizedOptions;
  readonly keyring: Keyring;
  readonly cookies: CookieVerifier;
  readonly events: EventHub;
  /** The store for a request: always the same, unless the application gives a client by request. */
  storeFor(request: unknown): SessionStore | Promise<SessionStore>;
}
