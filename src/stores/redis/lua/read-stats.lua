-- Counts live sessions by the buckets that have not ended, and reads the counts of hours.
-- KEYS  1 the index of buckets (see add-stats), 2... counts of an hour
-- ARGV  1 what the keys of buckets begin with
-- Returns {1, now, anonymous sessions, those of them that have ended, owned sessions, those of them that have ended, and
--         for each count: the number of its hour in KEYS, field, count}
-- @include _time
local buckets = {anonymous = {written = {}, ended = {}}, owned = {written = {}, ended = {}}}
for _, name in ipairs(redis.call('ZRANGE', KEYS[1], '(' .. int(now), '+inf', 'BYSCORE')) do
  local kind, fate = string.match(name, '^(%a+):(%a+):')
  local list = buckets[kind][fate]
  list[#list + 1] = ARGV[1] .. name
end

local function count(keys)
  return #keys == 0 and 0 or redis.call('PFCOUNT', unpack(keys))
end

local reply = {1, now}
for _, kind in ipairs({'anonymous', 'owned'}) do
  local all, ended = buckets[kind].written, buckets[kind].ended
  local gone = count(ended)
  for _, name in ipairs(ended) do all[#all + 1] = name end
  reply[#reply + 1] = count(all)
  reply[#reply + 1] = gone
end
for i = 2, #KEYS do
  local fields = redis.call('HGETALL', KEYS[i])
  for j = 1, #fields, 2 do
    reply[#reply + 1] = i
    reply[#reply + 1] = fields[j]
    reply[#reply + 1] = fields[j + 1]
  end
end
return reply
