-- Reads a tag's set of buckets.
-- KEYS  1 the tag's set of buckets
-- ARGV  none
-- Returns {bucket...}
return redis.call('SMEMBERS', KEYS[1])
