-- A change in ARGV from `first` on: "<count of deletions>:<count of expectations>", the names to delete, the
-- expectations as name, '1' or '0' (must it exist), value.
-- `match_expected` returns the index after the expectations, or nil when the record differs; with `exact`,
-- fields that are not named may not exist.
local function match_expected(key, first, exact)
  local deletions, expectations = string.match(ARGV[first], '^(%d+):(%d+)$')
  local index = first + 1 + deletions
  local named = 0
  for _ = 1, tonumber(expectations) do
    local value = redis.call('HGET', key, ARGV[index])
    if ARGV[index + 1] == '1' then
      if value ~= ARGV[index + 2] then return nil end
      named = named + 1
    elseif value then
      return nil
    end
    index = index + 3
  end
  if exact then
    local own = 2 + redis.call('HEXISTS', key, '@v')
    if redis.call('HLEN', key) ~= named + own then return nil end
  end
  return index
end

local function conflict_reply(key)
  local reply = redis.call('HGETALL', key)
  table.insert(reply, 1, 3)
  return reply
end

local function delete_fields(key, first)
  for index = first + 1, first + string.match(ARGV[first], '^%d+') do
    redis.call('HDEL', key, ARGV[index])
  end
end
