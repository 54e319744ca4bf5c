-- Ends a record. What a rotation left at a key stays: it leads the caller to the successor.
-- KEYS  1 record, 2 the owner's index (owned records only)
-- ARGV  1 handle
-- Returns {1, now} | {0} | {2, nonce, grace until, now, successor}
-- Upholds C1: afterwards no other operation can make this key.
-- @include _record
if KEYS[2] then redis.call('ZREM', KEYS[2], ARGV[1]) end
local found = redis.pcall('HEXISTS', KEYS[1], '@')
-- Something else than a hash is not ours to delete.
if type(found) == 'table' then return {0} end
if found == 0 then return absent(KEYS[1]) end
redis.call('DEL', KEYS[1])
return {1, now}
