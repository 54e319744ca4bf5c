import type { LoadResult, LoginChange, OwnedRecord } from 'websauna-session/store';
import type { FullStore } from './environment.ts';

// A server's clock cannot be moved, and a test waits for nothing. Time passes by moving all that is stored into the
// past instead (`test/support/age-record.ts`), and by adding as much to every time that comes from there.

/** A store as it looks when so many milliseconds have passed in that way. */
export function later(store: FullStore, passed: () => number): FullStore {
  const timed = <Outcome extends object>(outcome: Outcome): Outcome => {
    const { now, graceUntil } = outcome as { now?: number; graceUntil?: number };
    return {
      ...outcome,
      ...(now !== undefined && { now: now + passed() }),
      ...(graceUntil !== undefined && { graceUntil: graceUntil + passed() }),
    };
  };
  const dated = <R extends Pick<OwnedRecord, 'meta' | 'lastSeen'>>(record: R): R => {
    const { createdAt, expiresAt, authenticatedAt, cookie } = record.meta;
    const times = {
      createdAt: createdAt + passed(),
      expiresAt: expiresAt === 0 ? 0 : expiresAt + passed(),
      authenticatedAt: authenticatedAt === 0 ? 0 : authenticatedAt + passed(),
      cookie: { ...cookie, sentAt: cookie.sentAt + passed() },
    };
    return { ...record, meta: { ...record.meta, ...times }, lastSeen: record.lastSeen + passed() };
  };
  const loaded = (record: LoadResult | undefined): LoadResult | undefined => {
    if (record === undefined) return undefined;
    if (record.status === 'ended') return timed({ ...record, at: record.at + passed() });
    return record.status === 'found' ? { ...dated(record), now: record.now + passed() } : timed(record);
  };
  /** Times of a login that come from the request, as they are stored. */
  const stored = <Login extends LoginChange | null>(login: Login): Login =>
    login && {
      ...login,
      authenticatedAt: login.authenticatedAt === null ? null : login.authenticatedAt - passed(),
      pendingSince: login.pendingSince === null ? null : login.pendingSince - passed(),
    };
  return {
    now: async () => (await store.now()) + passed(),
    load: async (key, bypassCache, explainEnds) => loaded(await store.load(key, bypassCache, explainEnds)),
    create: async (key, record) => timed(await store.create(key, { ...record, login: stored(record.login) })),
    save: async (key, change) => timed(await store.save(key, change)),
    rekey: async (from, to, rekey) => timed(await store.rekey(from, to, { ...rekey, login: stored(rekey.login) })),
    take: async (key, prefix) => timed(await store.take(key, prefix)),
    destroy: async (key, tombstone, explanation) => timed(await store.destroy(key, tombstone, explanation)),
    listOwned: async (ownerHash) => (await store.listOwned(ownerHash)).map(dated),
    revokeOwned: (ownerHash, except, indexKey, keep, explanation) =>
      store.revokeOwned(ownerHash, except, indexKey, keep, explanation),
    addIndexKey: (indexKey, ownerHash, keep) => store.addIndexKey(indexKey, ownerHash, keep),
    findOwnerHashes: (indexKey) => store.findOwnerHashes(indexKey),
    removeIndexKey: (indexKey, ownerHash, age) => store.removeIndexKey(indexKey, ownerHash, age),
    close: () => store.close(),
  };
}
