-- Ends a record whose copy in another slot takes over, provided that the copy is still true. Its entry in an owner's index
-- is left to the next listing.
-- KEYS  1 record, 2 what explains its expiry, if anything does
-- ARGV  1 the client has come with the old id ('1'), 2 nonce, 3 grace (s), 4 how long the tombstone is kept (s, 0: no
--       tombstone), 5 the successor's handle, '' not to name it, 6 the metadata and
--       7... a change (see _change) of expectations alone: every field that the copy was made from
-- Returns {1, now} | {0} | {2, nonce, grace until, now, successor, confirmed} | {3}
-- Upholds C1, C2 and C6 where one script cannot reach both keys: of two that race, one finds the record
-- gone, and a copy that missed a write is not the successor.
-- @include _record
-- @include _change
local stored = redis.call('HGET', KEYS[1], '@')
if not stored then return missing_reply(KEYS[1]) end
if stored ~= ARGV[6] or not match_expected(KEYS[1], 7, true) then return {3} end
local meta = parse(stored)
end_record(KEYS[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[1] == '1' or not meta or meta.confirmed)
if KEYS[2] then redis.call('DEL', KEYS[2]) end
return {1, now}
