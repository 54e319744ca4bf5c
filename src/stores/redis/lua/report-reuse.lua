-- Remembers at a tombstone that its id was used again, so that this is in the audit trail once, however often it is.
-- KEYS  1 tombstone
-- ARGV  none
-- Returns {1} | {0} where there is no tombstone, or it says so already
if redis.call('HEXISTS', KEYS[1], '@r') == 0 or redis.call('HEXISTS', KEYS[1], '@a') == 1 then return {0} end
redis.call('HSET', KEYS[1], '@a', '1')
return {1}
