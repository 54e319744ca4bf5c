-- The bytes of a record's fields, the store's own left out.
-- Returns how many a change leaves, if that is more than `max` and more than there are now; or else nil. The change
-- begins at `change` in ARGV (see _change), its field-value pairs at `values`.
local function size_beyond(key, max, change, values)
  if not max then return nil end
  local changed, after = {}, 0
  for index = change + 1, change + string.match(ARGV[change], '^%d+') do changed[ARGV[index]] = true end
  for index = values, #ARGV, 2 do
    changed[ARGV[index]] = true
    after = after + #ARGV[index] + #ARGV[index + 1]
  end
  local before = 0
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if field ~= '@' and field ~= '@s' and field ~= '@v' then
      local size = #field + redis.call('HSTRLEN', key, field)
      before = before + size
      if not changed[field] then after = after + size end
    end
  end
  if after > max and after > before then return after end
  return nil
end
