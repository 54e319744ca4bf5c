import { createHash } from 'node:crypto';
import type { Script } from '../../src/stores/redis/driver.ts';

/**
 * Lets time pass for records, tombstones and owners' indexes without waiting: moves their times, and the end of records
 * and tombstones, into the past.
 * KEYS  any; what is none of these is left alone
 * ARGV  1 how much time passes (ms, whole seconds)
 */
const source = `
local ms = tonumber(ARGV[1])
local function shift(text, by)
  local number, suffix = string.match(text, '^(%d+)(.*)$')
  return tonumber(number) > 0 and string.format('%.0f', number - (by or ms)) .. suffix or text
end
for _, key in ipairs(KEYS) do
  local type = redis.call('TYPE', key).ok
  if type == 'zset' then redis.call('ZADD', key, 'XX', 'INCR', -ms, '@revoked') end
  local meta, tombstone, ended = unpack(type == 'hash' and redis.call('HMGET', key, '@', '@r', '@e') or {})
  if meta then
    local created, timeout, expires, authenticated, sent, rest =
      string.match(meta, '^1:(%d+):(%d+a?):(%d+a?):(%d+):(%d+[pb]?)(:.*)$')
    local aged = {'1', shift(created), timeout, shift(expires), shift(authenticated), shift(sent, ms / 1000)}
    redis.call('HSET', key, '@', table.concat(aged, ':') .. rest)
    redis.call('HINCRBY', key, '@s', -ms / 1000)
    local spared = redis.call('HGET', key, '@v')
    if spared then redis.call('HSET', key, '@v', shift(spared)) end
  end
  if tombstone then
    local nonce, grace, rest = string.match(tombstone, '^([^:]*):(%d+)(:.*)$')
    redis.call('HSET', key, '@r', nonce .. ':' .. shift(grace) .. rest)
  end
  if ended then
    local reason, at = string.match(ended, '^([%a-]+):(%d+)$')
    redis.call('HSET', key, '@e', reason .. ':' .. shift(at))
  end
  if meta or tombstone or ended then redis.call('PEXPIRE', key, string.format('%.0f', redis.call('PTTL', key) - ms)) end
end
return {1}
`;

export const AGE: Script = { source, sha: createHash('sha1').update(source).digest('hex') };
