-- Ends a record. A tombstone that is there stays: it leads the caller to the successor.
-- KEYS  1 record, 2 the owner's index, 3 what explains its expiry (owned records only)
-- ARGV  1 handle, 2 grace (s), 3 how long the tombstone is kept (s, 0: no tombstone), 4 why the record ends, 5 who ends
--       it, if the audit trail is to say so, and last how long that is explained, where there is no tombstone (see
--       _explanation)
-- Returns {1, now} | {0} | {2, nonce, grace until, now, successor, confirmed}
-- Upholds C1: afterwards no other operation can make this key. The record goes first and its entry then: where the
-- deletion is refused, the session stays listed.
-- @include _record
-- @include _explanation
-- Fails before anything is written if what is there is no index.
if KEYS[2] then redis.call('ZCARD', KEYS[2]) end
local reply = {0}
local stored = redis.pcall('HGET', KEYS[1], '@')
if type(stored) == 'string' then
  local meta = parse(stored)
  if KEYS[2] and tonumber(ARGV[3]) <= 0 then
    end_explained(KEYS[1], ARGV[4])
  else
    end_record(KEYS[1], '', ARGV[2], ARGV[3], '', not meta or meta.confirmed)
  end
  if KEYS[2] then forget_expiry(KEYS[1]) end
  reply = {1, now}
elseif stored == false then
  reply = missing_reply(KEYS[1])
end
-- Something else than a hash is not ours to delete.
if KEYS[2] then redis.call('ZREM', KEYS[2], ARGV[1]) end
return reply
