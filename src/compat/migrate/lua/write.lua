-- Writes a session as a string, if what is stored is still what was read.
-- KEYS  1 session
-- ARGV  1 SHA-1 of what has to be stored ('': nothing), 2 the string, 3 time to live (ms, 0: without end, '': as before)
-- Returns {1, now} | {0, now} (nothing was written)
-- Upholds C1 (a session that has ended is not written) and C2 (no write in between is overwritten).
-- @include _time
local stored = redis.pcall('GET', KEYS[1])
if type(stored) == 'table' then return {0, now} end
if (stored and redis.sha1hex(stored) or '') ~= ARGV[1] then return {0, now} end
local left = ARGV[3] == '' and math.max(0, redis.call('PTTL', KEYS[1])) or tonumber(ARGV[3])
if left > 0 then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', int(left))
else
  redis.call('SET', KEYS[1], ARGV[2])
end
return {1, now}
