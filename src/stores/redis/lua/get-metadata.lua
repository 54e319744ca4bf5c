-- Reads what a record is, without its fields.
-- KEYS  1 record
-- ARGV  none
-- Returns {1, metadata, last seen (s)}, {0} where there is none
-- @include _record_exists
if not record_exists(KEYS[1]) then return {0} end
local values = redis.call('HMGET', KEYS[1], '@', '@s')
return {1, values[1], values[2]}
