-- Reads what a record is, without its fields.
-- KEYS  1 record
-- ARGV  none
-- Returns {metadata, last seen (s)}, nil where there is none
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return {false, false} end
return redis.call('HMGET', KEYS[1], '@', '@s')
