import type { SessionStore } from 'websauna-session/store';

/** The methods that every store has. */
export const STORE_METHODS = ['now', 'load', 'create', 'save', 'rekey', 'take', 'destroy', 'close'] as const;

/** Returns a store that has no more than every store has. */
export function plainStore(inner: SessionStore): SessionStore {
  return Object.fromEntries(STORE_METHODS.map((name) => [name, inner[name].bind(inner)])) as unknown as SessionStore;
}
