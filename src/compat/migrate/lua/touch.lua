-- Renews the time to live of a session that is stored as a string.
-- KEYS  1 session
-- ARGV  1 time to live (ms)
-- Returns {1, now} | {0, now} (there is no session)
-- @include _time
if redis.call('TYPE', KEYS[1]).ok ~= 'string' then return {0, now} end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {1, now}
