-- Adds what a process has counted: events to the counts of an hour or a day, and sessions to buckets, which are HyperLogLogs. Publishes
-- its events.
-- KEYS  1 the index of buckets: their names by when they end (ms), 2... the counts of an hour or a day, or a bucket
-- ARGV  1 a channel, 2 a message for it; '' and '' for none; then for each of KEYS from 2 on: when it expires (ms), its name in
--       the index ('': counts), how many values, and the values: fields and what to add to them, or handles; and last the deadline
-- Returns {1, now}
-- @include _deadline
-- Refuses before anything is written.
if ARGV[1] ~= '' and redis.acl_check_cmd and not redis.acl_check_cmd('PUBLISH', ARGV[1], '') then
  return redis.error_reply("NOPERM this user has no permissions to publish the events of sessions")
end
local first = 3
for i = 2, #KEYS do
  local expires, name, stop = ARGV[first], ARGV[first + 1], first + 2 + ARGV[first + 2]
  if name == '' then
    for j = first + 3, stop, 2 do redis.call('HINCRBY', KEYS[i], ARGV[j], ARGV[j + 1]) end
  else
    for j = first + 3, stop, 1000 do redis.call('PFADD', KEYS[i], unpack(ARGV, j, math.min(j + 999, stop))) end
    redis.call('ZADD', KEYS[1], expires, name)
  end
  redis.call('PEXPIRE', KEYS[i], int(expires - now))
  first = stop + 1
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', int(now))
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if last then redis.call('PEXPIRE', KEYS[1], int(last - now)) end
if ARGV[1] ~= '' then redis.call('PUBLISH', ARGV[1], ARGV[2]) end
return {1, now}
