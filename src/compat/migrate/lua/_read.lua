-- @include _time
local function read(key)
  local stored = redis.pcall('GET', key)
  if type(stored) == 'table' then return {2, now} end
  if not stored then return {0, now} end
  return {1, now, redis.call('PTTL', key), redis.sha1hex(stored), stored}
end
