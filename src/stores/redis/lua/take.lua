-- Takes the fields whose names begin with a prefix out of a record.
-- KEYS  1 record, 2 the owner's index (owned records only)
-- ARGV  1 handle, 2 prefix, 3 how long its end is explained (see _explanation)
-- Returns {1, now, field, value...} | {0} | {9} | {2, nonce, grace until, now, successor, confirmed}
-- Upholds C3: of concurrent callers, one gets each field.
-- @include _record
-- @include _explanation
-- @include _revocation
-- @include _live_record
local meta, missing = open_record(KEYS[1], KEYS[2], ARGV[1])
if not meta then return missing end
local reply = {1, now}
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, #ARGV[2]) == ARGV[2] then
    reply[#reply + 1] = field
    reply[#reply + 1] = redis.call('HGET', KEYS[1], field)
    redis.call('HDEL', KEYS[1], field)
  end
end
return reply
