-- Writes a session as a string, if what is stored is still what was read.
-- KEYS  1 session
-- ARGV  1 SHA-1 of what has to be stored ('': nothing), 2 the string, 3 time to live (ms, 0: without end, '': as before)
-- Returns {3, now} | what read replies with (nothing was written)
-- Upholds C1 (a session that has ended is not written) and C2 (no write in between is overwritten).
-- @include _read
local reply = read(KEYS[1])
if reply[1] == 2 or (reply[4] or '') ~= ARGV[1] then return reply end
local left = ARGV[3] == '' and math.max(0, reply[3] or 0) or tonumber(ARGV[3])
if left > 0 then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', int(left))
else
  redis.call('SET', KEYS[1], ARGV[2])
end
return {3, now}
