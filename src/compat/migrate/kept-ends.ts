import type { EndExplanation, NewTombstone, RecordKey, RecordRekey, SessionStore } from '../../stores/store.ts';
import { wrapStoreMethods } from '../../stores/wrap-store-methods.ts';
import type { Migrator } from './migrator.ts';

/**
 * Returns a store that remembers which sessions have ended, or go on under another id: a session of the other library
 * that a late write has left must not be taken for one that is still to be converted.
 */
export function keepEnds(store: SessionStore, migrator: Migrator): SessionStore {
  const destroy: SessionStore['destroy'] = (
    key: RecordKey,
    tombstone: NewTombstone | null = null,
    explanation: EndExplanation | null = null,
  ) => store.destroy(key, key.ownerHash === null ? migrator.keep(tombstone) : tombstone, explanation);
  const rekey: SessionStore['rekey'] = (from: RecordKey, to: RecordKey, change: RecordRekey) =>
    store.rekey(from, to, from.ownerHash === null ? { ...change, tombstone: migrator.keep(change.tombstone) } : change);
  const own: ReadonlyMap<string, Function> = new Map<string, Function>([
    ['destroy', destroy],
    ['rekey', rekey],
  ]);
  return wrapStoreMethods(store, (method, name) => (own.get(name) ?? method) as typeof method);
}
