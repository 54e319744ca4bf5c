-- Remembers that an owner is about to have a session with an index key. Written before the session, so that no session
-- is ever without its entry. The key lives as long as its last entry; older ones are removed here.
-- KEYS  1 the index key's entries: owner hashes by the time that they were last added (ms), and "@keep" with the
--       longest time that any of them is kept (s)
-- ARGV  1 owner hash, 2 how long to keep the entry (s)
-- Returns {1}
-- Upholds C7 for sessions that are found by an index key.
-- @include _time
local keep = math.max(tonumber(ARGV[2]), tonumber(redis.call('ZSCORE', KEYS[1], '@keep')) or 0)
redis.call('ZADD', KEYS[1], int(now), ARGV[1], int(keep), '@keep')
-- Scores below are no times, but that of "@keep".
redis.call('ZREMRANGEBYSCORE', KEYS[1], '1000000000000', '(' .. int(now - keep * 1000))
local left = ARGV[2] * 1000
if redis.call('PTTL', KEYS[1]) < left then redis.call('PEXPIRE', KEYS[1], int(left)) end
return {1}
