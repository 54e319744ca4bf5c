-- Reads a session that another library has stored as a string.
-- KEYS  1 session
-- ARGV  none
-- Returns {0, now} | {1, now, time to live (ms, -1: without end), SHA-1 of the string, the string} | {2, now} (no string)
-- @include _time
local stored = redis.pcall('GET', KEYS[1])
if type(stored) == 'table' then return {2, now} end
if not stored then return {0, now} end
return {1, now, redis.call('PTTL', KEYS[1]), redis.sha1hex(stored), stored}
