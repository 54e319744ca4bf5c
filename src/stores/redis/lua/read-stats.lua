-- Counts live sessions by the buckets that have not ended, or reads the counts of hours or days. The caller asks for each in a
-- command of its own, so that none of them keeps other commands waiting for long.
-- KEYS  1 the index of buckets (see add-stats), 2... counts of an hour or a day
-- ARGV  1 what the keys of buckets begin with, 2 anonymous, owned, or nothing: the sessions to count, 3 written or ended:
--       all of them, or those of them that have ended
-- Returns {1, now, sessions, and for each count: the number of its key in KEYS, field, count}
-- @include _time
local names = {}
if ARGV[2] ~= '' then
  for _, name in ipairs(redis.call('ZRANGE', KEYS[1], '(' .. int(now), '+inf', 'BYSCORE')) do
    local kind, fate = string.match(name, '^(%a+):(%a+):')
    if kind == ARGV[2] and (fate == 'ended' or ARGV[3] == 'written') then names[#names + 1] = ARGV[1] .. name end
  end
end
local reply = {1, now, #names == 0 and 0 or redis.call('PFCOUNT', unpack(names))}
for i = 2, #KEYS do
  local fields = redis.call('HGETALL', KEYS[i])
  for j = 1, #fields, 2 do
    reply[#reply + 1] = i
    reply[#reply + 1] = fields[j]
    reply[#reply + 1] = fields[j + 1]
  end
end
return reply
