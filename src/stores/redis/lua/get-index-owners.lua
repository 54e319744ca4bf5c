-- Reads a indexKey's set of ownerHashes.
-- KEYS  1 the indexKey's set of ownerHashes
-- ARGV  none
-- Returns {ownerHash...}
return redis.call('SMEMBERS', KEYS[1])
