-- The owner's index: a sorted set of handles by the time of their login. It is never trusted: an entry
-- counts only while its record exists. It lives at least as long as any record that it names.
-- Needs _explanation.
-- @include _record_exists
-- @include _revocation

-- Microseconds, so that logins of one millisecond keep their order.
local now_us = time[1] * 1000000 + time[2]

-- Makes room for one more session; returns the handles that it ended, or nil when the owner has as many
-- as allowed. Without a limit only the oldest entries are looked at, so that a login stays cheap.
-- While a slot moves to another node, where records can be missing here (see _slot), no login gets here: the
-- new record's key is in neither place, and with the index beside it the script is refused as a whole.
local function enforce_limit(index, prefix, max, evict, replaced)
  local live = {}
  for _, handle in ipairs(redis.call('ZRANGE', index, 0, max > 0 and -1 or 15)) do
    if handle ~= replaced and handle ~= REVOKED then
      if record_exists(prefix .. handle) then
        live[#live + 1] = handle
      else
        redis.call('ZREM', index, handle)
      end
    end
  end
  local evicted = {}
  if max > 0 and #live >= max then
    if not evict then return nil end
    for i = 1, #live - max + 1 do
      end_explained(prefix .. live[i], 'evicted')
      redis.call('ZREM', index, live[i])
      evicted[i] = live[i]
    end
  end
  return evicted
end

-- Makes the index last for at least so many milliseconds.
local function extend_ttl(index, left)
  if redis.call('PTTL', index) < left then redis.call('PEXPIRE', index, int(left)) end
end

local function index_session(index, handle, score, left)
  redis.call('ZADD', index, 'NX', int(score), handle)
  extend_ttl(index, left)
end
