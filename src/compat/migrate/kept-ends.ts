import type { EndExplanation, NewTombstone, RecordKey, RecordRekey, SessionStore } from '../../stores/store.ts';
import type { Migrator } from './migrator.ts';

type Method = (...args: never[]) => unknown;

/**
 * Returns a store that remembers which sessions have ended, or go on under another id: a session of the other library
 * that a late write has left must not be taken for one that is still to be converted.
 */
export function keepEnds(store: SessionStore, migrator: Migrator): SessionStore {
  const own = new Map<PropertyKey, Method>();
  own.set(
    'destroy',
    (key: RecordKey, tombstone: NewTombstone | null = null, explanation: EndExplanation | null = null) =>
      store.destroy(key, key.ownerHash === null ? migrator.keep(tombstone) : tombstone, explanation),
  );
  own.set('rekey', (from: RecordKey, to: RecordKey, rekey: RecordRekey) =>
    store.rekey(from, to, from.ownerHash === null ? { ...rekey, tombstone: migrator.keep(rekey.tombstone) } : rekey),
  );
  return new Proxy(store, {
    get(target, name) {
      const known = own.get(name);
      if (known !== undefined) return known;
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      const method = member.bind(target) as Method;
      own.set(name, method);
      return method;
    },
  });
}
