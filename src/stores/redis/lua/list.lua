-- Lists the live records in an owner's index, and drops entries whose record has ended.
-- KEYS  1 the owner's index
-- ARGV  1 what the keys of the owner's records begin with
-- Returns {now, handle, metadata, last seen (s)...}
-- @include _settled
-- @include _present
local time = redis.call('TIME')
local reply = {time[1] * 1000 + math.floor(time[2] / 1000)}
local handles = redis.call('ZRANGE', KEYS[1], 0, -1)
settled(KEYS[1], ARGV[1], handles)
for _, handle in ipairs(handles) do
  local key = ARGV[1] .. handle
  if present(key) then
    local values = redis.call('HMGET', key, '@', '@s')
    reply[#reply + 1] = handle
    reply[#reply + 1] = values[1]
    reply[#reply + 1] = values[2]
  else
    redis.call('ZREM', KEYS[1], handle)
  end
end
return reply
