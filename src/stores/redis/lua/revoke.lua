-- Ends records in an owner's index: all, or those with an index key, but one if wanted. A revocation of all is
-- remembered (see _revocation), for records that the index does not name.
-- KEYS  1 the owner's index
-- ARGV  1 what the keys of the owner's records begin with, 2 the handle to spare, or '', 3 the index key, or '',
--       4 how long to remember a revocation of all (s, 0: not at all), 5 why the records end, 6 who ends them, if the audit
--       trail is to say so, and last how long that is explained (see _explanation)
-- Returns {1, now, handle...} of the records that it ended
-- Upholds C7: no moment between listing and ending. Each record goes first and its entry then: where the deletion is
-- refused, the session stays listed, and the next revocation finds it.
-- @include _record
-- @include _explanation
-- @include _slot
-- @include _owner
local function carries(key, index_key)
  if not record_exists(key) then return false end
  local meta = parse(redis.call('HGET', key, '@'))
  return meta and string.find(',' .. meta.index_keys .. ',', ',' .. index_key .. ',', 1, true)
end

-- A login under a newer secret, on a cluster, leaves the entry of the old record in the index.
local function is_tombstone(key)
  if redis.call('TYPE', key).ok ~= 'hash' then return false end
  local reply = missing_reply(key)
  -- Of longer numbers, none is ours.
  return reply[1] == 2 and reply[3] < 10 ^ 15
end

-- The session to spare may have been rotated since. Written by us, tombstones make no circle.
local function resolve_successor(handle)
  for _ = 1, 1000 do
    assert_slot_stable(KEYS[1], ARGV[1], {handle})
    local key = ARGV[1] .. handle
    local tombstone = redis.call('TYPE', key).ok == 'hash' and redis.call('HGET', key, '@r')
    local successor = tombstone and string.match(tombstone, '^[^:]*:%d+:([^:]+):[01]$')
    if not successor then break end
    handle = successor
  end
  return handle
end

local spared = ARGV[2] ~= '' and resolve_successor(ARGV[2])
local reply, handles = {1, now}, redis.call('ZRANGE', KEYS[1], 0, -1)
assert_slot_stable(KEYS[1], ARGV[1], handles)
if ARGV[3] == '' and tonumber(ARGV[4]) > 0 then
  -- A server whose memory is full refuses what follows, unless the script has deleted something before.
  redis.call('ZREM', KEYS[1], '')
  -- Never earlier than the last one, although the clock may have been set back since.
  local revocation = int(math.max(now, revoked_at(KEYS[1]) or 0))
  if spared and record_exists(ARGV[1] .. spared) then redis.call('HSET', ARGV[1] .. spared, '@v', revocation) end
  redis.call('ZADD', KEYS[1], revocation, REVOKED)
  extend_ttl(KEYS[1], ARGV[4] * 1000)
end
for _, handle in ipairs(handles) do
  local key = ARGV[1] .. handle
  if handle ~= spared and handle ~= REVOKED and (ARGV[3] == '' or carries(key, ARGV[3])) then
    local moved = is_tombstone(key)
    -- An entry of another's making could name the index itself.
    if explain and record_exists(key) then
      end_explained(key, ARGV[5])
      reply[#reply + 1] = handle
    elseif key ~= KEYS[1] and redis.call('DEL', key) == 1 and not moved then
      reply[#reply + 1] = handle
    end
    redis.call('ZREM', KEYS[1], handle)
  end
end
return reply
