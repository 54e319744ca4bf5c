import { createHash } from 'node:crypto';
import type { LoadResult, OwnedRecord } from 'websauna-session';
import type { Script } from '../../src/stores/redis/driver.ts';
import type { FullStore } from './stage.ts';

/**
 * What a server's clock is in the way of: a test that waits for nothing. Time passes by moving all that is
 * stored into the past instead, and by adding as much to every time that comes from there.
 */
const source = `
local ms = tonumber(ARGV[1])
local function shift(text) return string.format('%.0f', tonumber(text) - ms) end
for _, key in ipairs(KEYS) do
  local meta, mark = unpack(redis.call('HMGET', key, '@', '@r'))
  if meta then
    local created, timeout, expires, authenticated, rest = string.match(meta, '^1:(%d+):(%d+):(%d+):(%d+)(:.*)$')
    if tonumber(authenticated) > 0 then authenticated = shift(authenticated) end
    redis.call('HSET', key, '@', '1:' .. shift(created) .. ':' .. timeout .. ':' .. shift(expires) .. ':' .. authenticated .. rest)
    redis.call('HINCRBY', key, '@s', -ms / 1000)
  end
  if mark then
    local nonce, grace, successor = string.match(mark, '^(.*):(%d+):(.*)$')
    redis.call('HSET', key, '@r', nonce .. ':' .. shift(grace) .. ':' .. successor)
  end
  if meta or mark then redis.call('PEXPIRE', key, redis.call('PTTL', key) - ms) end
end
return {1}
`;
export const PASS: Script = { source, sha: createHash('sha1').update(source).digest('hex') };

/** Milliseconds, more than an answer takes: that a renewal is due shall not depend on how fast a server answers. */
const AHEAD = 1000;

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
    const { createdAt, expiresAt, authenticatedAt } = record.meta;
    const times = {
      createdAt: createdAt + passed(),
      expiresAt: expiresAt + passed(),
      authenticatedAt: authenticatedAt === 0 ? 0 : authenticatedAt + passed(),
    };
    return { ...record, meta: { ...record.meta, ...times }, lastSeen: record.lastSeen + passed() };
  };
  const loaded = (record: LoadResult | undefined): LoadResult | undefined => {
    if (record === undefined) return undefined;
    return record.status === 'found' ? dated(record) : timed(record);
  };
  return {
    now: () => store.now() + passed() + AHEAD,
    load: async (key) => loaded(await store.load(key)),
    create: async (key, record) => timed(await store.create(key, record)),
    save: async (key, change) => timed(await store.save(key, change)),
    rekey: async (from, to, move) => timed(await store.rekey(from, to, move)),
    take: async (key, prefix) => timed(await store.take(key, prefix)),
    destroy: async (key) => timed(await store.destroy(key)),
    listOwned: async (ownerHash) => (await store.listOwned(ownerHash)).map(dated),
    revokeOwned: (ownerHash, except, indexKey) => store.revokeOwned(ownerHash, except, indexKey),
    addIndexKey: (indexKey, ownerHash, keep) => store.addIndexKey(indexKey, ownerHash, keep),
    findOwnerHashes: (indexKey) => store.findOwnerHashes(indexKey),
    close: () => store.close(),
  };
}
