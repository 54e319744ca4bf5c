-- Lets the copy that a login has made of a record in another slot live as long as any record: its login is complete.
-- KEYS  1 record, 2 the owner's index, 3 what explains its expiry
-- ARGV  1 handle, 2 handle of the record that it is a copy of, 3 nonce (see rekey), and last how long its end is
--       explained (see _explanation). The audit trail alone looks at 2 and 3
-- Returns {1, now} | {0} | {9} | {2, nonce, grace until, now, successor, confirmed}
-- Upholds C1 (the record must exist) and C7 (a revocation that did not find the record).
-- @include _record
-- @include _explanation
-- @include _owner
-- @include _live_record
local meta, missing = open_record(KEYS[1], KEYS[2], ARGV[1])
if not meta then return missing end
local left = ttl_ms(meta)
if left <= 0 then return {0} end
index_session(KEYS[2], ARGV[1], now_us, left)
redis.call('HSET', KEYS[1], '@s', int(math.floor(now / 1000)))
redis.call('PEXPIRE', KEYS[1], int(left))
explain_expiry(KEYS[1], left)
return {1, now}
