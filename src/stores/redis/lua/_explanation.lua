-- The end of an owned record can be explained to its client for a while. What explains it is a hash of "@e" alone,
-- "<reason>:<when, ms>": an ended record turns into it. Of one that may expire it is kept at a key of its own, which is
-- the record's with ":end" behind, and says when the record will have expired.
-- The last of ARGV, removed here, says for how long (s); '' for not at all.
-- Needs _record.
local explain = tonumber(table.remove(ARGV))

-- Ends an owned record. What explains it outlives the key beside it, which would say that the record has expired: to
-- delete that too, a script would need its name among its keys.
local function end_explained(key, reason)
  if not explain then return redis.call('DEL', key) end
  local left = redis.call('PTTL', key)
  -- As for a tombstone.
  redis.call('HDEL', key, '@e')
  redis.call('HSET', key, '@e', reason .. ':' .. int(now))
  redis.call('PEXPIRE', key, int(math.max(left, 0) + explain * 1000))
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if field ~= '@e' then redis.call('HDEL', key, field) end
  end
  return 1
end

-- Says when an owned record will have expired, unless it is written again.
local function explain_expiry(key, left)
  if not explain then return end
  redis.call('HSET', key .. ':end', '@e', 'expired:' .. int(now + left))
  redis.call('PEXPIRE', key .. ':end', int(left + explain * 1000))
end

-- For a record that has ended, or goes on under another key. The key beside it has to be one of the script's.
local function forget_expiry(key)
  if explain then redis.call('DEL', key .. ':end') end
end
