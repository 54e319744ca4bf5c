-- Returns whether there is a record at the key. Keys of other types are not ours.
local function record_exists(key)
  return redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, '@') == 1
end
