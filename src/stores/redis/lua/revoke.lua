-- Ends records in an owner's index: all, or those with a indexKey, but one if wanted.
-- KEYS  1 the owner's index
-- ARGV  1 what the keys of the owner's records begin with, 2 the handle to spare, or '', 3 the indexKey, or ''
-- Returns {handle...} of the records that it ended
-- Upholds C7: no moment between listing and ending.
-- @include _record
-- @include _settled
-- @include _present
local function carries(key, indexKey)
  if not present(key) then return false end
  local meta = parse(redis.call('HGET', key, '@'))
  local decoded, details = pcall(cjson.decode, meta and meta.details or '')
  if not decoded or type(details) ~= 'table' or type(details[5]) ~= 'table' then return false end
  for _, each in ipairs(details[5]) do
    if each == indexKey then return true end
  end
  return false
end

-- The session to spare may have been rotated since.
local function successor(handle)
  settled(KEYS[1], ARGV[1], {handle})
  local mark = redis.call('HGET', ARGV[1] .. handle, '@r')
  local next = mark and string.match(mark, ':([^:]+)$')
  return next and successor(next) or handle
end

local spared = ARGV[2] ~= '' and successor(ARGV[2])
local reply, handles = {}, redis.call('ZRANGE', KEYS[1], 0, -1)
settled(KEYS[1], ARGV[1], handles)
for _, handle in ipairs(handles) do
  local key = ARGV[1] .. handle
  if handle ~= spared and (ARGV[3] == '' or carries(key, ARGV[3])) then
    if redis.call('DEL', key) == 1 then reply[#reply + 1] = handle end
    redis.call('ZREM', KEYS[1], handle)
  end
end
return reply
