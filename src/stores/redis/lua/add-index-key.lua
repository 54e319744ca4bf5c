-- Remembers that an owner's ownerHash is about to have a session with a indexKey. Written before the session, so
-- that no session is ever without its entry.
-- KEYS  1 the indexKey's set of ownerHashes
-- ARGV  1 ownerHash, 2 how long to keep it (s, 0: for ever)
-- Returns 1
-- Upholds C7 for sessions that are found by a indexKey.
local keep, left = ARGV[2] * 1000, redis.call('PTTL', KEYS[1])
redis.call('SADD', KEYS[1], ARGV[1])
if keep == 0 then
  redis.call('PERSIST', KEYS[1])
elseif left == -2 or (left >= 0 and left < keep) then
  redis.call('PEXPIRE', KEYS[1], keep)
end
return 1
