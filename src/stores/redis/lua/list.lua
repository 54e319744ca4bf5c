-- Lists the live records in an owner's index, and drops entries whose record has ended.
-- KEYS  1 the owner's index
-- ARGV  1 what the keys of the owner's records begin with
-- Returns {1, now, handle, metadata, last seen (s)...}
-- @include _time
-- @include _slot
-- @include _record_exists
-- @include _revocation
local reply, handles = {1, now}, redis.call('ZRANGE', KEYS[1], 0, -1)
assert_slot_stable(KEYS[1], ARGV[1], handles)
for _, handle in ipairs(handles) do
  local key = ARGV[1] .. handle
  if handle == REVOKED then
    -- No session.
  elseif record_exists(key) then
    local values = redis.call('HMGET', key, '@', '@s')
    reply[#reply + 1] = handle
    reply[#reply + 1] = values[1]
    reply[#reply + 1] = values[2]
  else
    redis.call('ZREM', KEYS[1], handle)
  end
end
return reply
