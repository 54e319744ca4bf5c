-- Forgets an entry of an index key that led to no session, unless a login has added it a moment ago.
-- KEYS  1 the index key's entries (see add-index-key)
-- ARGV  1 owner hash, 2 how long an entry is left alone (s)
-- Returns {1}
-- @include _time
local added = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]))
if not added or added > now - ARGV[2] * 1000 then return {1} end
if redis.call('ZCARD', KEYS[1]) == 2 and redis.call('ZSCORE', KEYS[1], '@keep') then
  redis.call('DEL', KEYS[1])
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return {1}
