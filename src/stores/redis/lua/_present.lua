-- Is there a record at the key? Keys of other types are not ours.
local function present(key)
  return redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, '@') == 1
end
