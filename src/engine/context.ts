import type { CookieVerifier } from '../crypto/cookie-verifier.ts';
import type { Keyring } from '../crypto/keyring.ts';
import type { EventHub } from '../events.ts';
import type { SessionStore } from '../stores/store.ts';
import type { SessionConfig } from './config.ts';

/** What all sessions of a factory share. */
export interface SessionContext {
  readonly config: SessionConfig;
  readonly keyring: Keyring;
  readonly cookies: CookieVerifier;
  readonly events: EventHub;
  /** The store for a request: always the same, unless the application returns a client by request. */
  storeFor(request: unknown): SessionStore | Promise<SessionStore>;
}
