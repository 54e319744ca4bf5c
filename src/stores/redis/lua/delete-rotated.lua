-- Ends a record whose copy in another slot takes over, provided that the copy is still true.
-- KEYS  1 record, 2 the owner's index (owned records only)
-- ARGV  1 handle, 2 nonce, 3 grace (s), 4 how long the trace is kept (s, 0: no trace),
--       5 the successor's handle, 6 the metadata and
--       7... a change (see _change) of expectations alone: every field that the copy was made from
-- Returns {1, now} | {0} | {2, nonce, grace until, now, successor} | {3}
-- Upholds C1, C2 and C6 where one script cannot reach both keys: of two that race, one finds the record
-- gone, and a copy that missed a write is not the successor.
-- @include _record
-- @include _change
local meta = redis.call('HGET', KEYS[1], '@')
if not meta then return absent(KEYS[1]) end
if meta ~= ARGV[6] or not expected(KEYS[1], 7, true) then return {3} end
redis.call('DEL', KEYS[1])
if KEYS[2] then redis.call('ZREM', KEYS[2], ARGV[1]) end
leave(KEYS[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
return {1, now}
