import { CookieVerifier } from '../crypto/cookie-verifier.ts';
import { Keyring } from '../crypto/keyring.ts';
import type { EventHub } from '../events.ts';
import type { SessionStore } from '../stores/store.ts';
import type { SessionConfig } from './config.ts';

/** What a stored record is judged by before it is used. Durations are seconds. */
export interface AdoptionRules {
  readonly timeout: number;
  readonly maxTimeout: number | null;
  readonly absoluteTimeout: number | null;
  readonly maxAbsoluteTimeout: number | null;
  /** Returns whether an owner's sessions can have this hash in their keys. */
  readonly isOwnerHashOf: (ownerHash: string, owner: string) => boolean;
}

/** What all sessions of a factory share. */
export interface SessionContext {
  readonly config: SessionConfig;
  readonly keyring: Keyring;
  readonly cookies: CookieVerifier;
  readonly events: EventHub;
  /** What records are judged by before they are used. */
  readonly adoptionRules: AdoptionRules;
  /** The store for a request: always the same, unless the application returns a client by request. */
  storeFor: (request: unknown) => SessionStore | Promise<SessionStore>;
}

/** Makes what the sessions of a factory share. Of the secrets, the first signs and all verify. */
export function createContext(
  config: SessionConfig,
  secrets: readonly string[],
  events: EventHub,
  storeFor: SessionContext['storeFor'],
): SessionContext {
  const keyring = new Keyring(secrets);
  return {
    config,
    keyring,
    cookies: new CookieVerifier(keyring),
    events,
    adoptionRules: {
      timeout: config.timeout,
      maxTimeout: config.maxTimeout,
      absoluteTimeout: config.absoluteTimeout,
      maxAbsoluteTimeout: config.maxAbsoluteTimeout,
      isOwnerHashOf: (ownerHash, owner) => keyring.isOwnerHashOf(ownerHash, owner),
    },
    storeFor,
  };
}
