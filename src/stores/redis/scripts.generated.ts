// Generated from lua/*.lua by scripts/build-lua.mjs: edit those, then run `npm run build`.

/** A Lua script and the name that EVALSHA knows it by. */
export interface Script {
  /** SHA-1 of `source`, in hexadecimal. */
  readonly sha: string;
  readonly source: string;
}

export type ScriptName = 'addIndexKey' | 'create' | 'deleteRotated' | 'destroy' | 'getIndexOwners' | 'getMetadata' | 'list' | 'rekey' | 'revoke' | 'save' | 'take';

export const scripts: Readonly<Record<ScriptName, Script>> = {
  addIndexKey: {
    sha: '6fbcff90a3ad1a70c95fce068025b719c3430452',
    source: `local keep, left = ARGV[2] * 1000, redis.call('PTTL', KEYS[1])
redis.call('SADD', KEYS[1], ARGV[1])
if keep == 0 then
  redis.call('PERSIST', KEYS[1])
elseif left == -2 or (left >= 0 and left < keep) then
  redis.call('PEXPIRE', KEYS[1], keep)
end
return 1
`,
  },
  create: {
    sha: '4c41e9950abbbc0af92330f5b93f6c46bba3bae1',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp = time[1] * 1000000 + time[2]
local due = tonumber(table.remove(ARGV))
if due and now > due then return {6, now} end
local function int(number)
  return string.format('%.0f', number)
end
local function absent(key)
  local mark = redis.call('HGET', key, '@r')
  if not mark then return {0} end
  local nonce, grace, successor = string.match(mark, '^(.*):(%d+):(.*)$')
  if not nonce then return {0} end
  return {2, nonce, tonumber(grace), now, successor}
end
local function leave(key, nonce, grace, keep, successor)
  if tonumber(keep) == 0 then return end
  if nonce == '' then successor = '' end
  redis.call('HSET', key, '@r', nonce .. ':' .. int(now + grace * 1000) .. ':' .. successor)
  redis.call('PEXPIRE', key, int(keep * 1000))
end
local function parse(meta)
  local created, timeout, expires, authenticated, details = string.match(meta, '^1:(%d+):(%d+):(%d+):(%d+):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), expires = tonumber(expires),
    authenticated = tonumber(authenticated), details = details
  }
end
local function format(meta)
  return table.concat(
    {'1', int(meta.created), int(meta.timeout), int(meta.expires), int(meta.authenticated), meta.details}, ':')
end
local function life(meta)
  local left = meta.timeout * 1000
  if meta.expires > 0 and meta.expires - now < left then left = meta.expires - now end
  return left
end
local function store(key, meta, first)
  for start = first, #ARGV, 1000 do
    redis.call('HSET', key, unpack(ARGV, start, math.min(start + 999, #ARGV)))
  end
  redis.call('HSET', key, '@', format(meta), '@s', int(math.floor(now / 1000)))
  local left = life(meta)
  redis.call('PEXPIRE', key, int(left))
  return left
end
local function present(key)
  return redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, '@') == 1
end
local function admit(index, prefix, max, evict, replaced)
  local live = {}
  for _, handle in ipairs(redis.call('ZRANGE', index, 0, max > 0 and -1 or 15)) do
    if handle ~= replaced then
      if present(prefix .. handle) then
        live[#live + 1] = handle
      else
        redis.call('ZREM', index, handle)
      end
    end
  end
  local evicted = {}
  if max > 0 and #live >= max then
    if not evict then return nil end
    for i = 1, #live - max + 1 do
      redis.call('DEL', prefix .. live[i])
      redis.call('ZREM', index, live[i])
      evicted[i] = live[i]
    end
  end
  return evicted
end
local function enrol(index, handle, score, left)
  redis.call('ZADD', index, 'NX', int(score), handle)
  if redis.call('PTTL', index) < left then redis.call('PEXPIRE', index, int(left)) end
end
if redis.call('EXISTS', KEYS[1]) == 1 then return {4} end
local reply = {1, now}
if KEYS[2] then
  local prefix = string.sub(KEYS[1], 1, -1 - #ARGV[1])
  local evicted = admit(KEYS[2], prefix, tonumber(ARGV[5]), ARGV[6] == '1', ARGV[1])
  if not evicted then return {5} end
  for _, handle in ipairs(evicted) do reply[#reply + 1] = handle end
end
local absolute, age = tonumber(ARGV[3]), tonumber(ARGV[4])
local meta = parse(ARGV[8]) or {
  created = now, timeout = tonumber(ARGV[2]), expires = absolute > 0 and now + absolute * 1000 or 0,
  authenticated = age >= 0 and now - age or 0, details = ARGV[7]
}
if life(meta) <= 0 then return {0} end
local left = store(KEYS[1], meta, 10)
local trial = ARGV[9] * 1000
if trial > 0 and trial < left then redis.call('PEXPIRE', KEYS[1], trial) end
if KEYS[2] then enrol(KEYS[2], ARGV[1], stamp, left) end
return reply
`,
  },
  deleteRotated: {
    sha: '5ffd741baf4f82f39558d5fc4a0f055983ee05d3',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp = time[1] * 1000000 + time[2]
local due = tonumber(table.remove(ARGV))
if due and now > due then return {6, now} end
local function int(number)
  return string.format('%.0f', number)
end
local function absent(key)
  local mark = redis.call('HGET', key, '@r')
  if not mark then return {0} end
  local nonce, grace, successor = string.match(mark, '^(.*):(%d+):(.*)$')
  if not nonce then return {0} end
  return {2, nonce, tonumber(grace), now, successor}
end
local function leave(key, nonce, grace, keep, successor)
  if tonumber(keep) == 0 then return end
  if nonce == '' then successor = '' end
  redis.call('HSET', key, '@r', nonce .. ':' .. int(now + grace * 1000) .. ':' .. successor)
  redis.call('PEXPIRE', key, int(keep * 1000))
end
local function parse(meta)
  local created, timeout, expires, authenticated, details = string.match(meta, '^1:(%d+):(%d+):(%d+):(%d+):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), expires = tonumber(expires),
    authenticated = tonumber(authenticated), details = details
  }
end
local function format(meta)
  return table.concat(
    {'1', int(meta.created), int(meta.timeout), int(meta.expires), int(meta.authenticated), meta.details}, ':')
end
local function life(meta)
  local left = meta.timeout * 1000
  if meta.expires > 0 and meta.expires - now < left then left = meta.expires - now end
  return left
end
local function store(key, meta, first)
  for start = first, #ARGV, 1000 do
    redis.call('HSET', key, unpack(ARGV, start, math.min(start + 999, #ARGV)))
  end
  redis.call('HSET', key, '@', format(meta), '@s', int(math.floor(now / 1000)))
  local left = life(meta)
  redis.call('PEXPIRE', key, int(left))
  return left
end
local function expected(key, first, exact)
  local deletions, expectations = tonumber(ARGV[first]), tonumber(ARGV[first + 1])
  local index = first + 2 + deletions
  local named = 0
  for _ = 1, expectations do
    local value = redis.call('HGET', key, ARGV[index])
    if ARGV[index + 1] == '1' then
      if value ~= ARGV[index + 2] then return nil end
      named = named + 1
    elseif value then
      return nil
    end
    index = index + 3
  end
  if exact and redis.call('HLEN', key) ~= named + 2 then return nil end
  return index
end
local function conflict(key)
  local reply = redis.call('HGETALL', key)
  table.insert(reply, 1, 3)
  return reply
end
local function remove(key, first)
  for index = first + 2, first + 1 + tonumber(ARGV[first]) do
    redis.call('HDEL', key, ARGV[index])
  end
end
local meta = redis.call('HGET', KEYS[1], '@')
if not meta then return absent(KEYS[1]) end
if meta ~= ARGV[6] or not expected(KEYS[1], 7, true) then return {3} end
redis.call('DEL', KEYS[1])
if KEYS[2] then redis.call('ZREM', KEYS[2], ARGV[1]) end
leave(KEYS[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
return {1, now}
`,
  },
  destroy: {
    sha: 'd73a4494c12993b0b752f5f1773d6f485becc404',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp = time[1] * 1000000 + time[2]
local due = tonumber(table.remove(ARGV))
if due and now > due then return {6, now} end
local function int(number)
  return string.format('%.0f', number)
end
local function absent(key)
  local mark = redis.call('HGET', key, '@r')
  if not mark then return {0} end
  local nonce, grace, successor = string.match(mark, '^(.*):(%d+):(.*)$')
  if not nonce then return {0} end
  return {2, nonce, tonumber(grace), now, successor}
end
local function leave(key, nonce, grace, keep, successor)
  if tonumber(keep) == 0 then return end
  if nonce == '' then successor = '' end
  redis.call('HSET', key, '@r', nonce .. ':' .. int(now + grace * 1000) .. ':' .. successor)
  redis.call('PEXPIRE', key, int(keep * 1000))
end
local function parse(meta)
  local created, timeout, expires, authenticated, details = string.match(meta, '^1:(%d+):(%d+):(%d+):(%d+):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), expires = tonumber(expires),
    authenticated = tonumber(authenticated), details = details
  }
end
local function format(meta)
  return table.concat(
    {'1', int(meta.created), int(meta.timeout), int(meta.expires), int(meta.authenticated), meta.details}, ':')
end
local function life(meta)
  local left = meta.timeout * 1000
  if meta.expires > 0 and meta.expires - now < left then left = meta.expires - now end
  return left
end
local function store(key, meta, first)
  for start = first, #ARGV, 1000 do
    redis.call('HSET', key, unpack(ARGV, start, math.min(start + 999, #ARGV)))
  end
  redis.call('HSET', key, '@', format(meta), '@s', int(math.floor(now / 1000)))
  local left = life(meta)
  redis.call('PEXPIRE', key, int(left))
  return left
end
if KEYS[2] then redis.call('ZREM', KEYS[2], ARGV[1]) end
local found = redis.pcall('HEXISTS', KEYS[1], '@')
if type(found) == 'table' then return {0} end
if found == 0 then return absent(KEYS[1]) end
redis.call('DEL', KEYS[1])
return {1, now}
`,
  },
  getIndexOwners: {
    sha: 'c0f2d41b1915f9ddef431decbcfc0bc5d9b7b9e9',
    source: `return redis.call('SMEMBERS', KEYS[1])
`,
  },
  getMetadata: {
    sha: '0cc6f86290f0063af920bef5cb1151fe4db2bd0f',
    source: `if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return {false, false} end
return redis.call('HMGET', KEYS[1], '@', '@s')
`,
  },
  list: {
    sha: '5c5f140dd0b2ec99cdf3e4141866819f234dc1d1',
    source: `local function settled(index, prefix, handles)
  for start = 1, #handles, 1000 do
    local keys = {index}
    for i = start, math.min(start + 999, #handles) do keys[#keys + 1] = prefix .. handles[i] end
    redis.call('EXISTS', unpack(keys))
  end
end
local function present(key)
  return redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, '@') == 1
end
local time = redis.call('TIME')
local reply = {time[1] * 1000 + math.floor(time[2] / 1000)}
local handles = redis.call('ZRANGE', KEYS[1], 0, -1)
settled(KEYS[1], ARGV[1], handles)
for _, handle in ipairs(handles) do
  local key = ARGV[1] .. handle
  if present(key) then
    local values = redis.call('HMGET', key, '@', '@s')
    reply[#reply + 1] = handle
    reply[#reply + 1] = values[1]
    reply[#reply + 1] = values[2]
  else
    redis.call('ZREM', KEYS[1], handle)
  end
end
return reply
`,
  },
  rekey: {
    sha: '545f9cfb868906f7ae72b39234cea5958bd331b0',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp = time[1] * 1000000 + time[2]
local due = tonumber(table.remove(ARGV))
if due and now > due then return {6, now} end
local function int(number)
  return string.format('%.0f', number)
end
local function absent(key)
  local mark = redis.call('HGET', key, '@r')
  if not mark then return {0} end
  local nonce, grace, successor = string.match(mark, '^(.*):(%d+):(.*)$')
  if not nonce then return {0} end
  return {2, nonce, tonumber(grace), now, successor}
end
local function leave(key, nonce, grace, keep, successor)
  if tonumber(keep) == 0 then return end
  if nonce == '' then successor = '' end
  redis.call('HSET', key, '@r', nonce .. ':' .. int(now + grace * 1000) .. ':' .. successor)
  redis.call('PEXPIRE', key, int(keep * 1000))
end
local function parse(meta)
  local created, timeout, expires, authenticated, details = string.match(meta, '^1:(%d+):(%d+):(%d+):(%d+):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), expires = tonumber(expires),
    authenticated = tonumber(authenticated), details = details
  }
end
local function format(meta)
  return table.concat(
    {'1', int(meta.created), int(meta.timeout), int(meta.expires), int(meta.authenticated), meta.details}, ':')
end
local function life(meta)
  local left = meta.timeout * 1000
  if meta.expires > 0 and meta.expires - now < left then left = meta.expires - now end
  return left
end
local function store(key, meta, first)
  for start = first, #ARGV, 1000 do
    redis.call('HSET', key, unpack(ARGV, start, math.min(start + 999, #ARGV)))
  end
  redis.call('HSET', key, '@', format(meta), '@s', int(math.floor(now / 1000)))
  local left = life(meta)
  redis.call('PEXPIRE', key, int(left))
  return left
end
local function expected(key, first, exact)
  local deletions, expectations = tonumber(ARGV[first]), tonumber(ARGV[first + 1])
  local index = first + 2 + deletions
  local named = 0
  for _ = 1, expectations do
    local value = redis.call('HGET', key, ARGV[index])
    if ARGV[index + 1] == '1' then
      if value ~= ARGV[index + 2] then return nil end
      named = named + 1
    elseif value then
      return nil
    end
    index = index + 3
  end
  if exact and redis.call('HLEN', key) ~= named + 2 then return nil end
  return index
end
local function conflict(key)
  local reply = redis.call('HGETALL', key)
  table.insert(reply, 1, 3)
  return reply
end
local function remove(key, first)
  for index = first + 2, first + 1 + tonumber(ARGV[first]) do
    redis.call('HDEL', key, ARGV[index])
  end
end
local function present(key)
  return redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, '@') == 1
end
local function admit(index, prefix, max, evict, replaced)
  local live = {}
  for _, handle in ipairs(redis.call('ZRANGE', index, 0, max > 0 and -1 or 15)) do
    if handle ~= replaced then
      if present(prefix .. handle) then
        live[#live + 1] = handle
      else
        redis.call('ZREM', index, handle)
      end
    end
  end
  local evicted = {}
  if max > 0 and #live >= max then
    if not evict then return nil end
    for i = 1, #live - max + 1 do
      redis.call('DEL', prefix .. live[i])
      redis.call('ZREM', index, live[i])
      evicted[i] = live[i]
    end
  end
  return evicted
end
local function enrol(index, handle, score, left)
  redis.call('ZADD', index, 'NX', int(score), handle)
  if redis.call('PTTL', index) < left then redis.call('PEXPIRE', index, int(left)) end
end
local stored = redis.call('HGET', KEYS[1], '@')
if not stored then return absent(KEYS[1]) end
local meta = parse(stored)
if not meta then return {0} end
if redis.call('EXISTS', KEYS[2]) == 1 then return {4} end
local first = expected(KEYS[1], 14, ARGV[13] == '1')
if not first then return conflict(KEYS[1]) end
if ARGV[3] ~= '' then meta.timeout = tonumber(ARGV[3]) end
local reply, score = {1, now}, stamp
if ARGV[4] == '1' then
  local absolute = tonumber(ARGV[5])
  meta.created = now
  meta.expires = absolute > 0 and now + absolute * 1000 or 0
  meta.authenticated = now - tonumber(ARGV[6])
  meta.details = ARGV[9]
  local prefix = string.sub(KEYS[2], 1, -1 - #ARGV[2])
  local evicted = admit(KEYS[3], prefix, tonumber(ARGV[7]), ARGV[8] == '1', ARGV[1])
  if not evicted then return {5} end
  for _, handle in ipairs(evicted) do reply[#reply + 1] = handle end
elseif KEYS[4] then
  score = tonumber(redis.call('ZSCORE', KEYS[4], ARGV[1])) or stamp
end
if life(meta) <= 0 then return {0} end
redis.call('RENAME', KEYS[1], KEYS[2])
remove(KEYS[2], 14)
local left = store(KEYS[2], meta, first)
if KEYS[4] then redis.call('ZREM', KEYS[4], ARGV[1]) end
if KEYS[3] then enrol(KEYS[3], ARGV[2], score, left) end
leave(KEYS[1], ARGV[10], ARGV[11], ARGV[12], ARGV[2])
return reply
`,
  },
  revoke: {
    sha: '41d24ebb90df64aa0ba3d3a849c48d610ceb7aa1',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp = time[1] * 1000000 + time[2]
local due = tonumber(table.remove(ARGV))
if due and now > due then return {6, now} end
local function int(number)
  return string.format('%.0f', number)
end
local function absent(key)
  local mark = redis.call('HGET', key, '@r')
  if not mark then return {0} end
  local nonce, grace, successor = string.match(mark, '^(.*):(%d+):(.*)$')
  if not nonce then return {0} end
  return {2, nonce, tonumber(grace), now, successor}
end
local function leave(key, nonce, grace, keep, successor)
  if tonumber(keep) == 0 then return end
  if nonce == '' then successor = '' end
  redis.call('HSET', key, '@r', nonce .. ':' .. int(now + grace * 1000) .. ':' .. successor)
  redis.call('PEXPIRE', key, int(keep * 1000))
end
local function parse(meta)
  local created, timeout, expires, authenticated, details = string.match(meta, '^1:(%d+):(%d+):(%d+):(%d+):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), expires = tonumber(expires),
    authenticated = tonumber(authenticated), details = details
  }
end
local function format(meta)
  return table.concat(
    {'1', int(meta.created), int(meta.timeout), int(meta.expires), int(meta.authenticated), meta.details}, ':')
end
local function life(meta)
  local left = meta.timeout * 1000
  if meta.expires > 0 and meta.expires - now < left then left = meta.expires - now end
  return left
end
local function store(key, meta, first)
  for start = first, #ARGV, 1000 do
    redis.call('HSET', key, unpack(ARGV, start, math.min(start + 999, #ARGV)))
  end
  redis.call('HSET', key, '@', format(meta), '@s', int(math.floor(now / 1000)))
  local left = life(meta)
  redis.call('PEXPIRE', key, int(left))
  return left
end
local function settled(index, prefix, handles)
  for start = 1, #handles, 1000 do
    local keys = {index}
    for i = start, math.min(start + 999, #handles) do keys[#keys + 1] = prefix .. handles[i] end
    redis.call('EXISTS', unpack(keys))
  end
end
local function present(key)
  return redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, '@') == 1
end
local function carries(key, indexKey)
  if not present(key) then return false end
  local meta = parse(redis.call('HGET', key, '@'))
  local decoded, details = pcall(cjson.decode, meta and meta.details or '')
  if not decoded or type(details) ~= 'table' or type(details[5]) ~= 'table' then return false end
  for _, each in ipairs(details[5]) do
    if each == indexKey then return true end
  end
  return false
end
local function successor(handle)
  settled(KEYS[1], ARGV[1], {handle})
  local mark = redis.call('HGET', ARGV[1] .. handle, '@r')
  local next = mark and string.match(mark, ':([^:]+)$')
  return next and successor(next) or handle
end
local spared = ARGV[2] ~= '' and successor(ARGV[2])
local reply, handles = {}, redis.call('ZRANGE', KEYS[1], 0, -1)
settled(KEYS[1], ARGV[1], handles)
for _, handle in ipairs(handles) do
  local key = ARGV[1] .. handle
  if handle ~= spared and (ARGV[3] == '' or carries(key, ARGV[3])) then
    if redis.call('DEL', key) == 1 then reply[#reply + 1] = handle end
    redis.call('ZREM', KEYS[1], handle)
  end
end
return reply
`,
  },
  save: {
    sha: '42e59a5e5cb5dd2aaba9417c168377d08c1c9f56',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp = time[1] * 1000000 + time[2]
local due = tonumber(table.remove(ARGV))
if due and now > due then return {6, now} end
local function int(number)
  return string.format('%.0f', number)
end
local function absent(key)
  local mark = redis.call('HGET', key, '@r')
  if not mark then return {0} end
  local nonce, grace, successor = string.match(mark, '^(.*):(%d+):(.*)$')
  if not nonce then return {0} end
  return {2, nonce, tonumber(grace), now, successor}
end
local function leave(key, nonce, grace, keep, successor)
  if tonumber(keep) == 0 then return end
  if nonce == '' then successor = '' end
  redis.call('HSET', key, '@r', nonce .. ':' .. int(now + grace * 1000) .. ':' .. successor)
  redis.call('PEXPIRE', key, int(keep * 1000))
end
local function parse(meta)
  local created, timeout, expires, authenticated, details = string.match(meta, '^1:(%d+):(%d+):(%d+):(%d+):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), expires = tonumber(expires),
    authenticated = tonumber(authenticated), details = details
  }
end
local function format(meta)
  return table.concat(
    {'1', int(meta.created), int(meta.timeout), int(meta.expires), int(meta.authenticated), meta.details}, ':')
end
local function life(meta)
  local left = meta.timeout * 1000
  if meta.expires > 0 and meta.expires - now < left then left = meta.expires - now end
  return left
end
local function store(key, meta, first)
  for start = first, #ARGV, 1000 do
    redis.call('HSET', key, unpack(ARGV, start, math.min(start + 999, #ARGV)))
  end
  redis.call('HSET', key, '@', format(meta), '@s', int(math.floor(now / 1000)))
  local left = life(meta)
  redis.call('PEXPIRE', key, int(left))
  return left
end
local function expected(key, first, exact)
  local deletions, expectations = tonumber(ARGV[first]), tonumber(ARGV[first + 1])
  local index = first + 2 + deletions
  local named = 0
  for _ = 1, expectations do
    local value = redis.call('HGET', key, ARGV[index])
    if ARGV[index + 1] == '1' then
      if value ~= ARGV[index + 2] then return nil end
      named = named + 1
    elseif value then
      return nil
    end
    index = index + 3
  end
  if exact and redis.call('HLEN', key) ~= named + 2 then return nil end
  return index
end
local function conflict(key)
  local reply = redis.call('HGETALL', key)
  table.insert(reply, 1, 3)
  return reply
end
local function remove(key, first)
  for index = first + 2, first + 1 + tonumber(ARGV[first]) do
    redis.call('HDEL', key, ARGV[index])
  end
end
local function present(key)
  return redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, '@') == 1
end
local function admit(index, prefix, max, evict, replaced)
  local live = {}
  for _, handle in ipairs(redis.call('ZRANGE', index, 0, max > 0 and -1 or 15)) do
    if handle ~= replaced then
      if present(prefix .. handle) then
        live[#live + 1] = handle
      else
        redis.call('ZREM', index, handle)
      end
    end
  end
  local evicted = {}
  if max > 0 and #live >= max then
    if not evict then return nil end
    for i = 1, #live - max + 1 do
      redis.call('DEL', prefix .. live[i])
      redis.call('ZREM', index, live[i])
      evicted[i] = live[i]
    end
  end
  return evicted
end
local function enrol(index, handle, score, left)
  redis.call('ZADD', index, 'NX', int(score), handle)
  if redis.call('PTTL', index) < left then redis.call('PEXPIRE', index, int(left)) end
end
local stored = redis.call('HGET', KEYS[1], '@')
if not stored then return absent(KEYS[1]) end
local meta = parse(stored)
if not meta then return {0} end
local first = expected(KEYS[1], 3, false)
if not first then return conflict(KEYS[1]) end
if ARGV[2] ~= '' then meta.timeout = tonumber(ARGV[2]) end
if life(meta) <= 0 then return {0} end
if KEYS[2] then enrol(KEYS[2], ARGV[1], stamp, life(meta)) end
remove(KEYS[1], 3)
store(KEYS[1], meta, first)
return {1, now}
`,
  },
  take: {
    sha: '0d7d7aa5e63a2965f79c7c3fea0a79b45ec0c456',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp = time[1] * 1000000 + time[2]
local due = tonumber(table.remove(ARGV))
if due and now > due then return {6, now} end
local function int(number)
  return string.format('%.0f', number)
end
local function absent(key)
  local mark = redis.call('HGET', key, '@r')
  if not mark then return {0} end
  local nonce, grace, successor = string.match(mark, '^(.*):(%d+):(.*)$')
  if not nonce then return {0} end
  return {2, nonce, tonumber(grace), now, successor}
end
local function leave(key, nonce, grace, keep, successor)
  if tonumber(keep) == 0 then return end
  if nonce == '' then successor = '' end
  redis.call('HSET', key, '@r', nonce .. ':' .. int(now + grace * 1000) .. ':' .. successor)
  redis.call('PEXPIRE', key, int(keep * 1000))
end
local function parse(meta)
  local created, timeout, expires, authenticated, details = string.match(meta, '^1:(%d+):(%d+):(%d+):(%d+):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), expires = tonumber(expires),
    authenticated = tonumber(authenticated), details = details
  }
end
local function format(meta)
  return table.concat(
    {'1', int(meta.created), int(meta.timeout), int(meta.expires), int(meta.authenticated), meta.details}, ':')
end
local function life(meta)
  local left = meta.timeout * 1000
  if meta.expires > 0 and meta.expires - now < left then left = meta.expires - now end
  return left
end
local function store(key, meta, first)
  for start = first, #ARGV, 1000 do
    redis.call('HSET', key, unpack(ARGV, start, math.min(start + 999, #ARGV)))
  end
  redis.call('HSET', key, '@', format(meta), '@s', int(math.floor(now / 1000)))
  local left = life(meta)
  redis.call('PEXPIRE', key, int(left))
  return left
end
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
`,
  },
};
