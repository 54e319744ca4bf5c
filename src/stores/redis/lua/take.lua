-- Takes the fields whose names begin with a prefix out of a record.
-- KEYS  1 record
-- ARGV  1 prefix
-- Returns {1, field, value...} | {0} | {2, nonce, grace until, now, successor}
-- Upholds C3: what one caller was given, no other caller is given.
-- @include _record
if redis.call('HEXISTS', KEYS[1], '@') == 0 then return absent(KEYS[1]) end
local reply = {1}
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, #ARGV[1]) == ARGV[1] then
    reply[#reply + 1] = field
    reply[#reply + 1] = redis.call('HGET', KEYS[1], field)
    redis.call('HDEL', KEYS[1], field)
  end
end
return reply
