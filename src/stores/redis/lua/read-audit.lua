-- Reads entries of an owner's audit trail, newest first. What is older than the trail is kept may still be there.
-- KEYS  1 the trail (see audit/_audit)
-- ARGV  1 no older ones (ms), 2 the newest id, or '+', 3 at most so many, 4 how long entries are kept (ms)
-- Returns {1, id, event, handle, previous handle, method, by...}, '' for what there is not
-- @include _time
local oldest = int(math.max(ARGV[1], now - ARGV[4], 0))
local reply = {1}
for _, entry in ipairs(redis.call('XREVRANGE', KEYS[1], ARGV[2], oldest, 'COUNT', ARGV[3])) do
  reply[#reply + 1] = entry[1]
  for i = 2, 10, 2 do reply[#reply + 1] = entry[2][i] or '' end
end
return reply
