-- Reads what has become of records, without their fields.
-- KEYS  1... records, in one slot
-- ARGV  none
-- Returns {1, now, and for each record: metadata, last seen (s), tombstone, what explains its end}, '' for what there is not
-- @include _time
local reply = {1, now}
for _, key in ipairs(KEYS) do
  -- A key of another type is no record.
  local values = redis.pcall('HMGET', key, '@', '@s', '@r', '@e')
  for i = 1, 4 do reply[#reply + 1] = values[i] or '' end
end
return reply
