-- Deletes a session that is stored as a string.
-- KEYS  1 session
-- ARGV  1 SHA-1 of what has to be stored ('': any value)
-- Returns {1, now} | {0, now} (nothing was deleted)
-- @include _time
local stored = redis.pcall('GET', KEYS[1])
if type(stored) ~= 'string' then return {0, now} end
if ARGV[1] ~= '' and redis.sha1hex(stored) ~= ARGV[1] then return {0, now} end
redis.call('DEL', KEYS[1])
return {1, now}
