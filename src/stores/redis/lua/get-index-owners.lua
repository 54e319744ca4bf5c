-- Reads the owner hashes of an index key.
-- KEYS  1 the index key's entries (see add-index-key)
-- ARGV  none
-- Returns {1, owner hash...}
local reply = {1}
for _, owner_hash in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if owner_hash ~= '@keep' then reply[#reply + 1] = owner_hash end
end
return reply
