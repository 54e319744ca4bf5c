// Generated from lua/*.lua by scripts/build-lua.mjs: edit those, then run `npm run build`.

/** A Lua script and the name that EVALSHA knows it by. */
export interface Script {
  /** SHA-1 of `source`, in hexadecimal. */
  readonly sha: string;
  readonly source: string;
}

export type ScriptName = 'addIndexKey' | 'addStats' | 'check' | 'confirm' | 'create' | 'deleteRotated' | 'destroy' | 'getIndexOwners' | 'getMetadata' | 'list' | 'readAudit' | 'readStats' | 'rekey' | 'removeIndexKey' | 'reportReuse' | 'revoke' | 'save' | 'take' | 'time';

export const scripts: Readonly<Record<ScriptName, Script>> = {
  addIndexKey: {
    sha: 'e9e6eb781b051071791138f9331c8af9b28da0de',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(number)
  return string.format('%.0f', number)
end
local keep = math.max(tonumber(ARGV[2]), tonumber(redis.call('ZSCORE', KEYS[1], '@keep')) or 0)
redis.call('ZADD', KEYS[1], int(now), ARGV[1], int(keep), '@keep')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '1000000000000', '(' .. int(now - keep * 1000))
local left = ARGV[2] * 1000
if redis.call('PTTL', KEYS[1]) < left then redis.call('PEXPIRE', KEYS[1], int(left)) end
return {1}
`,
  },
  addStats: {
    sha: '3fe5a2925ad39c84cfa7acba7c64a65f54954ea3',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(number)
  return string.format('%.0f', number)
end
local deadline = tonumber(table.remove(ARGV))
if deadline and now > deadline then return {6, now} end
if ARGV[1] ~= '' and redis.acl_check_cmd and not redis.acl_check_cmd('PUBLISH', ARGV[1], '') then
  return redis.error_reply("NOPERM this user has no permissions to publish the events of sessions")
end
local first = 3
for i = 2, #KEYS do
  local expires, name, stop = ARGV[first], ARGV[first + 1], first + 2 + ARGV[first + 2]
  if name == '' then
    for j = first + 3, stop, 2 do redis.call('HINCRBY', KEYS[i], ARGV[j], ARGV[j + 1]) end
  else
    for j = first + 3, stop, 1000 do redis.call('PFADD', KEYS[i], unpack(ARGV, j, math.min(j + 999, stop))) end
    redis.call('ZADD', KEYS[1], expires, name)
  end
  redis.call('PEXPIRE', KEYS[i], int(expires - now))
  first = stop + 1
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', int(now))
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if last then redis.call('PEXPIRE', KEYS[1], int(last - now)) end
if ARGV[1] ~= '' then redis.call('PUBLISH', ARGV[1], ARGV[2]) end
return {1, now}
`,
  },
  check: {
    sha: '9ed463bd352afd7ed6c1604845921e3b4d64950f',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local reply = {1, now}
for _, key in ipairs(KEYS) do
  local values = redis.pcall('HMGET', key, '@', '@s', '@r', '@e')
  for i = 1, 4 do reply[#reply + 1] = values[i] or '' end
end
return reply
`,
  },
  confirm: {
    sha: '8f736cf9bdef321b1bd8dbfd2fb1aeea728f48fe',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(number)
  return string.format('%.0f', number)
end
local deadline = tonumber(table.remove(ARGV))
if deadline and now > deadline then return {6, now} end
local function parse(stored)
  local created, timeout, adjusted, expires, own_expiry, authenticated, sent, remember, attributes, unconfirmed,
    index_keys, details =
    string.match(stored, '^1:(%d+):(%d+)(a?):(%d+)(a?):(%d+):(%d+)([pb]?):([^:?]*)(%??):([^:]*):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated, #sent + 3) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), adjusted = adjusted, expires = tonumber(expires),
    own_expiry = own_expiry, authenticated = tonumber(authenticated), sent = tonumber(sent), remember = remember,
    attributes = attributes, confirmed = unconfirmed == '', index_keys = index_keys, details = details
  }
end
local function format(meta)
  return table.concat({
    '1', int(meta.created), int(meta.timeout) .. meta.adjusted, int(meta.expires) .. meta.own_expiry,
    int(meta.authenticated), int(meta.sent) .. meta.remember, meta.attributes .. (meta.confirmed and '' or '?'), meta.index_keys, meta.details
  }, ':')
end
local function missing_reply(key)
  local tombstone = redis.call('HGET', key, '@r')
  if not tombstone then return {0} end
  local nonce, grace, successor, confirmed = string.match(tombstone, '^([^:]*):(%d+):([^:]*):([01])$')
  if not nonce then return {0} end
  return {2, nonce, tonumber(grace), now, successor, tonumber(confirmed)}
end
local function ttl_ms(meta)
  local left = meta.timeout * 1000
  if meta.expires > 0 and meta.expires - now < left then left = meta.expires - now end
  return left
end
local explain = tonumber(table.remove(ARGV))
local function end_explained(key, reason)
  if not explain then return redis.call('DEL', key) end
  local left = redis.call('PTTL', key)
  redis.call('HDEL', key, '@e')
  redis.call('HSET', key, '@e', reason .. ':' .. int(now))
  redis.call('PEXPIRE', key, int(math.max(left, 0) + explain * 1000))
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if field ~= '@e' then redis.call('HDEL', key, field) end
  end
  return 1
end
local function explain_expiry(key, left)
  if not explain then return end
  redis.call('HSET', key .. ':end', '@e', 'expired:' .. int(now + left))
  redis.call('PEXPIRE', key .. ':end', int(left + explain * 1000))
end
local REVOKED = '@revoked'
local function revoked_at(index)
  return tonumber(redis.call('ZSCORE', index, REVOKED))
end
local function is_revoked(key, meta, revocation)
  if not revocation or meta.created > revocation then return false end
  return (tonumber(redis.call('HGET', key, '@v')) or 0) < revocation
end
local now_us = time[1] * 1000000 + time[2]
local function extend_ttl(index, left)
  if redis.call('PTTL', index) < left then redis.call('PEXPIRE', index, int(left)) end
end
local function index_session(index, handle, score, left)
  redis.call('ZADD', index, 'NX', int(score), handle)
  extend_ttl(index, left)
end
local function open_record(key, index, handle)
  local stored = redis.call('HGET', key, '@')
  if not stored then return nil, missing_reply(key) end
  local meta = parse(stored)
  if not meta then return nil, {0} end
  if not index or not is_revoked(key, meta, revoked_at(index)) then return meta end
  end_explained(key, 'revoked')
  redis.call('ZREM', index, handle)
  return nil, {9}
end
local meta, missing = open_record(KEYS[1], KEYS[2], ARGV[1])
if not meta then return missing end
local left = ttl_ms(meta)
if left <= 0 then return {0} end
index_session(KEYS[2], ARGV[1], now_us, left)
redis.call('HSET', KEYS[1], '@s', int(math.floor(now / 1000)))
redis.call('PEXPIRE', KEYS[1], int(left))
explain_expiry(KEYS[1], left)
return {1, now}
`,
  },
  create: {
    sha: 'eb3db71281a32489f20c158141f6bf929fd6e8f0',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(number)
  return string.format('%.0f', number)
end
local deadline = tonumber(table.remove(ARGV))
if deadline and now > deadline then return {6, now} end
local function parse(stored)
  local created, timeout, adjusted, expires, own_expiry, authenticated, sent, remember, attributes, unconfirmed,
    index_keys, details =
    string.match(stored, '^1:(%d+):(%d+)(a?):(%d+)(a?):(%d+):(%d+)([pb]?):([^:?]*)(%??):([^:]*):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated, #sent + 3) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), adjusted = adjusted, expires = tonumber(expires),
    own_expiry = own_expiry, authenticated = tonumber(authenticated), sent = tonumber(sent), remember = remember,
    attributes = attributes, confirmed = unconfirmed == '', index_keys = index_keys, details = details
  }
end
local function format(meta)
  return table.concat({
    '1', int(meta.created), int(meta.timeout) .. meta.adjusted, int(meta.expires) .. meta.own_expiry,
    int(meta.authenticated), int(meta.sent) .. meta.remember, meta.attributes .. (meta.confirmed and '' or '?'), meta.index_keys, meta.details
  }, ':')
end
local function set_timeout(meta, text)
  local timeout, adjusted = string.match(text, '^(%d+)(a?)$')
  if timeout then meta.timeout, meta.adjusted, meta.changed = tonumber(timeout), adjusted, true end
end
local function set_cookie(meta, sent, confirmed)
  if sent ~= '' then
    meta.sent, meta.attributes, meta.changed = math.floor(now / 1000), string.sub(sent, 2), true
  end
  if meta.confirmed ~= confirmed then meta.confirmed, meta.changed = confirmed, true end
end
local function begin_life(meta, first)
  local absolute, own_expiry, remember = string.match(ARGV[first], '^(%d*)(a?)([pb]?)$')
  local age = tonumber(ARGV[first + 1])
  if absolute ~= '' then
    meta.created, meta.own_expiry = now, own_expiry
    meta.expires = tonumber(absolute) > 0 and now + absolute * 1000 or 0
  end
  meta.remember = remember
  meta.authenticated = age and math.min(tonumber(ARGV[first + 2]) or now - age, now) or 0
  meta.index_keys, meta.details, meta.changed = ARGV[first + 3], ARGV[first + 4], true
end
local function ttl_ms(meta)
  local left = meta.timeout * 1000
  if meta.expires > 0 and meta.expires - now < left then left = meta.expires - now end
  return left
end
local function write_record(key, meta, first)
  local last = #ARGV
  ARGV[last + 1], ARGV[last + 2] = '@s', int(math.floor(now / 1000))
  if meta.changed then ARGV[last + 3], ARGV[last + 4] = '@', format(meta) end
  for start = first, #ARGV, 1000 do
    redis.call('HSET', key, unpack(ARGV, start, math.min(start + 999, #ARGV)))
  end
  local left = ttl_ms(meta)
  redis.call('PEXPIRE', key, int(left))
  return left
end
local explain = tonumber(table.remove(ARGV))
local function end_explained(key, reason)
  if not explain then return redis.call('DEL', key) end
  local left = redis.call('PTTL', key)
  redis.call('HDEL', key, '@e')
  redis.call('HSET', key, '@e', reason .. ':' .. int(now))
  redis.call('PEXPIRE', key, int(math.max(left, 0) + explain * 1000))
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if field ~= '@e' then redis.call('HDEL', key, field) end
  end
  return 1
end
local function explain_expiry(key, left)
  if not explain then return end
  redis.call('HSET', key .. ':end', '@e', 'expired:' .. int(now + left))
  redis.call('PEXPIRE', key .. ':end', int(left + explain * 1000))
end
local function record_exists(key)
  return redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, '@') == 1
end
local REVOKED = '@revoked'
local function revoked_at(index)
  return tonumber(redis.call('ZSCORE', index, REVOKED))
end
local now_us = time[1] * 1000000 + time[2]
local function enforce_limit(index, prefix, max, evict, replaced)
  local live = {}
  for _, handle in ipairs(redis.call('ZRANGE', index, 0, max > 0 and -1 or 15)) do
    if handle ~= replaced and handle ~= REVOKED then
      if record_exists(prefix .. handle) then
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
      end_explained(prefix .. live[i], 'evicted')
      redis.call('ZREM', index, live[i])
      evicted[i] = live[i]
    end
  end
  return evicted
end
local function extend_ttl(index, left)
  if redis.call('PTTL', index) < left then redis.call('PEXPIRE', index, int(left)) end
end
local function index_session(index, handle, score, left)
  redis.call('ZADD', index, 'NX', int(score), handle)
  extend_ttl(index, left)
end
local function admit_login(index, prefix, replaced, first)
  local pending, revocation = tonumber(ARGV[first]), revoked_at(index)
  if pending and revocation and pending <= revocation then return {7} end
  local evicted = enforce_limit(index, prefix, tonumber(ARGV[first + 1]), ARGV[first + 2] == '1', replaced)
  if not evicted then return {5} end
  local reply = {1, now}
  for _, handle in ipairs(evicted) do reply[#reply + 1] = handle end
  return reply
end
local function mark_admitted(key, index, meta)
  local revocation = revoked_at(index)
  if revocation and meta.created <= revocation then redis.call('HSET', key, '@v', int(revocation)) end
end
if redis.call('EXISTS', KEYS[1]) == 1 then return {4} end
local reply = {1, now}
if KEYS[2] then
  reply = admit_login(KEYS[2], string.sub(KEYS[1], 1, -1 - #ARGV[1]), ARGV[1], 9)
  if reply[1] ~= 1 then return reply end
end
local copied = parse(ARGV[12])
local meta = copied or {adjusted = ''}
meta.changed = true
set_timeout(meta, ARGV[2])
local rotated = copied and ARGV[5] == ''
set_cookie(meta, ARGV[3], not rotated)
if not rotated then begin_life(meta, 4) end
if ttl_ms(meta) <= 0 then return {0} end
local left = write_record(KEYS[1], meta, 14)
local provisional = ARGV[13] * 1000
if provisional > 0 and provisional < left then redis.call('PEXPIRE', KEYS[1], int(provisional)) end
if KEYS[2] then
  mark_admitted(KEYS[1], KEYS[2], meta)
  index_session(KEYS[2], ARGV[1], now_us, left)
  if provisional == 0 then explain_expiry(KEYS[1], left) end
end
return reply
`,
  },
  deleteRotated: {
    sha: '01808fbdbc61fe9ea7eda73f99cf93a544e5cc87',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(number)
  return string.format('%.0f', number)
end
local deadline = tonumber(table.remove(ARGV))
if deadline and now > deadline then return {6, now} end
local function parse(stored)
  local created, timeout, adjusted, expires, own_expiry, authenticated, sent, remember, attributes, unconfirmed,
    index_keys, details =
    string.match(stored, '^1:(%d+):(%d+)(a?):(%d+)(a?):(%d+):(%d+)([pb]?):([^:?]*)(%??):([^:]*):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated, #sent + 3) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), adjusted = adjusted, expires = tonumber(expires),
    own_expiry = own_expiry, authenticated = tonumber(authenticated), sent = tonumber(sent), remember = remember,
    attributes = attributes, confirmed = unconfirmed == '', index_keys = index_keys, details = details
  }
end
local function format(meta)
  return table.concat({
    '1', int(meta.created), int(meta.timeout) .. meta.adjusted, int(meta.expires) .. meta.own_expiry,
    int(meta.authenticated), int(meta.sent) .. meta.remember, meta.attributes .. (meta.confirmed and '' or '?'), meta.index_keys, meta.details
  }, ':')
end
local function missing_reply(key)
  local tombstone = redis.call('HGET', key, '@r')
  if not tombstone then return {0} end
  local nonce, grace, successor, confirmed = string.match(tombstone, '^([^:]*):(%d+):([^:]*):([01])$')
  if not nonce then return {0} end
  return {2, nonce, tonumber(grace), now, successor, tonumber(confirmed)}
end
local function write_tombstone(key, nonce, grace, keep, successor, confirmed)
  if tonumber(keep) <= 0 then return end
  local tombstone = {nonce, int(now + grace * 1000), successor, confirmed and '1' or '0'}
  redis.call('HSET', key, '@r', table.concat(tombstone, ':'))
  redis.call('PEXPIRE', key, int(keep * 1000))
end
local function end_record(key, nonce, grace, keep, successor, confirmed)
  if tonumber(keep) <= 0 then
    redis.call('DEL', key)
    return
  end
  redis.call('HDEL', key, '@r')
  write_tombstone(key, nonce, grace, keep, successor, confirmed)
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if field ~= '@r' then redis.call('HDEL', key, field) end
  end
end
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
local stored = redis.call('HGET', KEYS[1], '@')
if not stored then return missing_reply(KEYS[1]) end
if stored ~= ARGV[6] or not match_expected(KEYS[1], 7, true) then return {3} end
local meta = parse(stored)
end_record(KEYS[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[1] == '1' or not meta or meta.confirmed)
if KEYS[2] then redis.call('DEL', KEYS[2]) end
return {1, now}
`,
  },
  destroy: {
    sha: 'b893d1be7bfd40532528d224a253a9cf54282fff',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(number)
  return string.format('%.0f', number)
end
local deadline = tonumber(table.remove(ARGV))
if deadline and now > deadline then return {6, now} end
local function parse(stored)
  local created, timeout, adjusted, expires, own_expiry, authenticated, sent, remember, attributes, unconfirmed,
    index_keys, details =
    string.match(stored, '^1:(%d+):(%d+)(a?):(%d+)(a?):(%d+):(%d+)([pb]?):([^:?]*)(%??):([^:]*):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated, #sent + 3) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), adjusted = adjusted, expires = tonumber(expires),
    own_expiry = own_expiry, authenticated = tonumber(authenticated), sent = tonumber(sent), remember = remember,
    attributes = attributes, confirmed = unconfirmed == '', index_keys = index_keys, details = details
  }
end
local function format(meta)
  return table.concat({
    '1', int(meta.created), int(meta.timeout) .. meta.adjusted, int(meta.expires) .. meta.own_expiry,
    int(meta.authenticated), int(meta.sent) .. meta.remember, meta.attributes .. (meta.confirmed and '' or '?'), meta.index_keys, meta.details
  }, ':')
end
local function missing_reply(key)
  local tombstone = redis.call('HGET', key, '@r')
  if not tombstone then return {0} end
  local nonce, grace, successor, confirmed = string.match(tombstone, '^([^:]*):(%d+):([^:]*):([01])$')
  if not nonce then return {0} end
  return {2, nonce, tonumber(grace), now, successor, tonumber(confirmed)}
end
local function write_tombstone(key, nonce, grace, keep, successor, confirmed)
  if tonumber(keep) <= 0 then return end
  local tombstone = {nonce, int(now + grace * 1000), successor, confirmed and '1' or '0'}
  redis.call('HSET', key, '@r', table.concat(tombstone, ':'))
  redis.call('PEXPIRE', key, int(keep * 1000))
end
local function end_record(key, nonce, grace, keep, successor, confirmed)
  if tonumber(keep) <= 0 then
    redis.call('DEL', key)
    return
  end
  redis.call('HDEL', key, '@r')
  write_tombstone(key, nonce, grace, keep, successor, confirmed)
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if field ~= '@r' then redis.call('HDEL', key, field) end
  end
end
local explain = tonumber(table.remove(ARGV))
local function end_explained(key, reason)
  if not explain then return redis.call('DEL', key) end
  local left = redis.call('PTTL', key)
  redis.call('HDEL', key, '@e')
  redis.call('HSET', key, '@e', reason .. ':' .. int(now))
  redis.call('PEXPIRE', key, int(math.max(left, 0) + explain * 1000))
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if field ~= '@e' then redis.call('HDEL', key, field) end
  end
  return 1
end
local function forget_expiry(key)
  if explain then redis.call('DEL', key .. ':end') end
end
if KEYS[2] then redis.call('ZCARD', KEYS[2]) end
local reply = {0}
local stored = redis.pcall('HGET', KEYS[1], '@')
if type(stored) == 'string' then
  local meta = parse(stored)
  if KEYS[2] and tonumber(ARGV[3]) <= 0 then
    end_explained(KEYS[1], ARGV[4])
  else
    end_record(KEYS[1], '', ARGV[2], ARGV[3], '', not meta or meta.confirmed)
  end
  if KEYS[2] then forget_expiry(KEYS[1]) end
  reply = {1, now}
elseif stored == false then
  reply = missing_reply(KEYS[1])
end
if KEYS[2] then redis.call('ZREM', KEYS[2], ARGV[1]) end
return reply
`,
  },
  getIndexOwners: {
    sha: '2eb0e46a389efa3191c34a7ea49bb1a7f64ec69a',
    source: `local reply = {1}
for _, owner_hash in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if owner_hash ~= '@keep' then reply[#reply + 1] = owner_hash end
end
return reply
`,
  },
  getMetadata: {
    sha: '789f13289428e47ff7d4388fa2d9f9b320154aff',
    source: `local function record_exists(key)
  return redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, '@') == 1
end
if not record_exists(KEYS[1]) then return {0} end
local values = redis.call('HMGET', KEYS[1], '@', '@s')
return {1, values[1], values[2]}
`,
  },
  list: {
    sha: '37a6e1337eb9d700efd5ed529ac5661764a67f5e',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function assert_slot_stable(index, prefix, handles)
  for start = 1, #handles, 1000 do
    local keys = {index}
    for i = start, math.min(start + 999, #handles) do keys[#keys + 1] = prefix .. handles[i] end
    redis.call('EXISTS', unpack(keys))
  end
end
local function record_exists(key)
  return redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, '@') == 1
end
local REVOKED = '@revoked'
local reply, handles = {1, now}, redis.call('ZRANGE', KEYS[1], 0, -1)
assert_slot_stable(KEYS[1], ARGV[1], handles)
for _, handle in ipairs(handles) do
  local key = ARGV[1] .. handle
  if handle == REVOKED then
  elseif record_exists(key) then
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
  readAudit: {
    sha: '6907b3fb65cab9768610a1a5b75b5f3ce6727d38',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(number)
  return string.format('%.0f', number)
end
local oldest = int(math.max(ARGV[1], now - ARGV[4], 0))
local reply = {1}
for _, entry in ipairs(redis.call('XREVRANGE', KEYS[1], ARGV[2], oldest, 'COUNT', ARGV[3])) do
  reply[#reply + 1] = entry[1]
  for i = 2, 10, 2 do reply[#reply + 1] = entry[2][i] or '' end
end
return reply
`,
  },
  readStats: {
    sha: '070f07a35c8ec190f548f1d30b26dccd15f00e93',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(number)
  return string.format('%.0f', number)
end
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
`,
  },
  rekey: {
    sha: '8425211f0fc9bf11206ed9736726b589ff60dd5d',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(number)
  return string.format('%.0f', number)
end
local deadline = tonumber(table.remove(ARGV))
if deadline and now > deadline then return {6, now} end
local function parse(stored)
  local created, timeout, adjusted, expires, own_expiry, authenticated, sent, remember, attributes, unconfirmed,
    index_keys, details =
    string.match(stored, '^1:(%d+):(%d+)(a?):(%d+)(a?):(%d+):(%d+)([pb]?):([^:?]*)(%??):([^:]*):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated, #sent + 3) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), adjusted = adjusted, expires = tonumber(expires),
    own_expiry = own_expiry, authenticated = tonumber(authenticated), sent = tonumber(sent), remember = remember,
    attributes = attributes, confirmed = unconfirmed == '', index_keys = index_keys, details = details
  }
end
local function format(meta)
  return table.concat({
    '1', int(meta.created), int(meta.timeout) .. meta.adjusted, int(meta.expires) .. meta.own_expiry,
    int(meta.authenticated), int(meta.sent) .. meta.remember, meta.attributes .. (meta.confirmed and '' or '?'), meta.index_keys, meta.details
  }, ':')
end
local function missing_reply(key)
  local tombstone = redis.call('HGET', key, '@r')
  if not tombstone then return {0} end
  local nonce, grace, successor, confirmed = string.match(tombstone, '^([^:]*):(%d+):([^:]*):([01])$')
  if not nonce then return {0} end
  return {2, nonce, tonumber(grace), now, successor, tonumber(confirmed)}
end
local function write_tombstone(key, nonce, grace, keep, successor, confirmed)
  if tonumber(keep) <= 0 then return end
  local tombstone = {nonce, int(now + grace * 1000), successor, confirmed and '1' or '0'}
  redis.call('HSET', key, '@r', table.concat(tombstone, ':'))
  redis.call('PEXPIRE', key, int(keep * 1000))
end
local function set_timeout(meta, text)
  local timeout, adjusted = string.match(text, '^(%d+)(a?)$')
  if timeout then meta.timeout, meta.adjusted, meta.changed = tonumber(timeout), adjusted, true end
end
local function set_cookie(meta, sent, confirmed)
  if sent ~= '' then
    meta.sent, meta.attributes, meta.changed = math.floor(now / 1000), string.sub(sent, 2), true
  end
  if meta.confirmed ~= confirmed then meta.confirmed, meta.changed = confirmed, true end
end
local function begin_life(meta, first)
  local absolute, own_expiry, remember = string.match(ARGV[first], '^(%d*)(a?)([pb]?)$')
  local age = tonumber(ARGV[first + 1])
  if absolute ~= '' then
    meta.created, meta.own_expiry = now, own_expiry
    meta.expires = tonumber(absolute) > 0 and now + absolute * 1000 or 0
  end
  meta.remember = remember
  meta.authenticated = age and math.min(tonumber(ARGV[first + 2]) or now - age, now) or 0
  meta.index_keys, meta.details, meta.changed = ARGV[first + 3], ARGV[first + 4], true
end
local function ttl_ms(meta)
  local left = meta.timeout * 1000
  if meta.expires > 0 and meta.expires - now < left then left = meta.expires - now end
  return left
end
local function write_record(key, meta, first)
  local last = #ARGV
  ARGV[last + 1], ARGV[last + 2] = '@s', int(math.floor(now / 1000))
  if meta.changed then ARGV[last + 3], ARGV[last + 4] = '@', format(meta) end
  for start = first, #ARGV, 1000 do
    redis.call('HSET', key, unpack(ARGV, start, math.min(start + 999, #ARGV)))
  end
  local left = ttl_ms(meta)
  redis.call('PEXPIRE', key, int(left))
  return left
end
local explain = tonumber(table.remove(ARGV))
local function end_explained(key, reason)
  if not explain then return redis.call('DEL', key) end
  local left = redis.call('PTTL', key)
  redis.call('HDEL', key, '@e')
  redis.call('HSET', key, '@e', reason .. ':' .. int(now))
  redis.call('PEXPIRE', key, int(math.max(left, 0) + explain * 1000))
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if field ~= '@e' then redis.call('HDEL', key, field) end
  end
  return 1
end
local function explain_expiry(key, left)
  if not explain then return end
  redis.call('HSET', key .. ':end', '@e', 'expired:' .. int(now + left))
  redis.call('PEXPIRE', key .. ':end', int(left + explain * 1000))
end
local function forget_expiry(key)
  if explain then redis.call('DEL', key .. ':end') end
end
local function record_exists(key)
  return redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, '@') == 1
end
local REVOKED = '@revoked'
local function revoked_at(index)
  return tonumber(redis.call('ZSCORE', index, REVOKED))
end
local function is_revoked(key, meta, revocation)
  if not revocation or meta.created > revocation then return false end
  return (tonumber(redis.call('HGET', key, '@v')) or 0) < revocation
end
local now_us = time[1] * 1000000 + time[2]
local function enforce_limit(index, prefix, max, evict, replaced)
  local live = {}
  for _, handle in ipairs(redis.call('ZRANGE', index, 0, max > 0 and -1 or 15)) do
    if handle ~= replaced and handle ~= REVOKED then
      if record_exists(prefix .. handle) then
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
      end_explained(prefix .. live[i], 'evicted')
      redis.call('ZREM', index, live[i])
      evicted[i] = live[i]
    end
  end
  return evicted
end
local function extend_ttl(index, left)
  if redis.call('PTTL', index) < left then redis.call('PEXPIRE', index, int(left)) end
end
local function index_session(index, handle, score, left)
  redis.call('ZADD', index, 'NX', int(score), handle)
  extend_ttl(index, left)
end
local function admit_login(index, prefix, replaced, first)
  local pending, revocation = tonumber(ARGV[first]), revoked_at(index)
  if pending and revocation and pending <= revocation then return {7} end
  local evicted = enforce_limit(index, prefix, tonumber(ARGV[first + 1]), ARGV[first + 2] == '1', replaced)
  if not evicted then return {5} end
  local reply = {1, now}
  for _, handle in ipairs(evicted) do reply[#reply + 1] = handle end
  return reply
end
local function mark_admitted(key, index, meta)
  local revocation = revoked_at(index)
  if revocation and meta.created <= revocation then redis.call('HSET', key, '@v', int(revocation)) end
end
local function open_record(key, index, handle)
  local stored = redis.call('HGET', key, '@')
  if not stored then return nil, missing_reply(key) end
  local meta = parse(stored)
  if not meta then return nil, {0} end
  if not index or not is_revoked(key, meta, revoked_at(index)) then return meta end
  end_explained(key, 'revoked')
  redis.call('ZREM', index, handle)
  return nil, {9}
end
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
local meta, missing = open_record(KEYS[1], KEYS[4], ARGV[1])
if not meta then return missing end
if redis.call('EXISTS', KEYS[2]) == 1 then return {4} end
local first = match_expected(KEYS[1], 19, ARGV[18] == '1')
if not first then return conflict_reply(KEYS[1]) end
local login, confirmed = ARGV[6] ~= '', meta.confirmed or ARGV[13] == '1'
set_timeout(meta, ARGV[3])
set_cookie(meta, ARGV[4], login)
local reply, score = {1, now}, now_us
if login then
  begin_life(meta, 5)
  reply = admit_login(KEYS[3], string.sub(KEYS[2], 1, -1 - #ARGV[2]), ARGV[1], 10)
  if reply[1] ~= 1 then return reply end
elseif KEYS[4] then
  score = tonumber(redis.call('ZSCORE', KEYS[4], ARGV[1])) or now_us
end
if ttl_ms(meta) <= 0 then return {0} end
redis.call('RENAME', KEYS[1], KEYS[2])
delete_fields(KEYS[2], 19)
local left = write_record(KEYS[2], meta, first)
if KEYS[4] then
  redis.call('ZREM', KEYS[4], ARGV[1])
  forget_expiry(KEYS[1])
end
if KEYS[3] then
  if login then mark_admitted(KEYS[2], KEYS[3], meta) end
  index_session(KEYS[3], ARGV[2], score, left)
  explain_expiry(KEYS[2], left)
end
write_tombstone(KEYS[1], ARGV[14], ARGV[15], ARGV[16], ARGV[17], confirmed)
return reply
`,
  },
  removeIndexKey: {
    sha: '3e6ab765c913e601427a587cb2f03a9981dcefcb',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local added = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]))
if not added or added > now - ARGV[2] * 1000 then return {1} end
if redis.call('ZCARD', KEYS[1]) == 2 and redis.call('ZSCORE', KEYS[1], '@keep') then
  redis.call('DEL', KEYS[1])
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return {1}
`,
  },
  reportReuse: {
    sha: '0fb255f5048847273247fbb870d0a9668962fe51',
    source: `if redis.call('HEXISTS', KEYS[1], '@r') == 0 or redis.call('HEXISTS', KEYS[1], '@a') == 1 then return {0} end
redis.call('HSET', KEYS[1], '@a', '1')
return {1}
`,
  },
  revoke: {
    sha: '35c317001e792d558bd0329f2bfaab960dfdb33e',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(number)
  return string.format('%.0f', number)
end
local deadline = tonumber(table.remove(ARGV))
if deadline and now > deadline then return {6, now} end
local function parse(stored)
  local created, timeout, adjusted, expires, own_expiry, authenticated, sent, remember, attributes, unconfirmed,
    index_keys, details =
    string.match(stored, '^1:(%d+):(%d+)(a?):(%d+)(a?):(%d+):(%d+)([pb]?):([^:?]*)(%??):([^:]*):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated, #sent + 3) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), adjusted = adjusted, expires = tonumber(expires),
    own_expiry = own_expiry, authenticated = tonumber(authenticated), sent = tonumber(sent), remember = remember,
    attributes = attributes, confirmed = unconfirmed == '', index_keys = index_keys, details = details
  }
end
local function format(meta)
  return table.concat({
    '1', int(meta.created), int(meta.timeout) .. meta.adjusted, int(meta.expires) .. meta.own_expiry,
    int(meta.authenticated), int(meta.sent) .. meta.remember, meta.attributes .. (meta.confirmed and '' or '?'), meta.index_keys, meta.details
  }, ':')
end
local function missing_reply(key)
  local tombstone = redis.call('HGET', key, '@r')
  if not tombstone then return {0} end
  local nonce, grace, successor, confirmed = string.match(tombstone, '^([^:]*):(%d+):([^:]*):([01])$')
  if not nonce then return {0} end
  return {2, nonce, tonumber(grace), now, successor, tonumber(confirmed)}
end
local explain = tonumber(table.remove(ARGV))
local function end_explained(key, reason)
  if not explain then return redis.call('DEL', key) end
  local left = redis.call('PTTL', key)
  redis.call('HDEL', key, '@e')
  redis.call('HSET', key, '@e', reason .. ':' .. int(now))
  redis.call('PEXPIRE', key, int(math.max(left, 0) + explain * 1000))
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if field ~= '@e' then redis.call('HDEL', key, field) end
  end
  return 1
end
local function assert_slot_stable(index, prefix, handles)
  for start = 1, #handles, 1000 do
    local keys = {index}
    for i = start, math.min(start + 999, #handles) do keys[#keys + 1] = prefix .. handles[i] end
    redis.call('EXISTS', unpack(keys))
  end
end
local function record_exists(key)
  return redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, '@') == 1
end
local REVOKED = '@revoked'
local function revoked_at(index)
  return tonumber(redis.call('ZSCORE', index, REVOKED))
end
local now_us = time[1] * 1000000 + time[2]
local function extend_ttl(index, left)
  if redis.call('PTTL', index) < left then redis.call('PEXPIRE', index, int(left)) end
end
local function carries(key, index_key)
  if not record_exists(key) then return false end
  local meta = parse(redis.call('HGET', key, '@'))
  return meta and string.find(',' .. meta.index_keys .. ',', ',' .. index_key .. ',', 1, true)
end
local function is_tombstone(key)
  if redis.call('TYPE', key).ok ~= 'hash' then return false end
  local reply = missing_reply(key)
  return reply[1] == 2 and reply[3] < 10 ^ 15
end
local function resolve_successor(handle)
  for _ = 1, 1000 do
    assert_slot_stable(KEYS[1], ARGV[1], {handle})
    local key = ARGV[1] .. handle
    local tombstone = redis.call('TYPE', key).ok == 'hash' and redis.call('HGET', key, '@r')
    local successor = tombstone and string.match(tombstone, '^[^:]*:%d+:([^:]+):[01]$')
    if not successor then break end
    handle = successor
  end
  return handle
end
local spared = ARGV[2] ~= '' and resolve_successor(ARGV[2])
local reply, handles = {1, now}, redis.call('ZRANGE', KEYS[1], 0, -1)
assert_slot_stable(KEYS[1], ARGV[1], handles)
if ARGV[3] == '' and tonumber(ARGV[4]) > 0 then
  redis.call('ZREM', KEYS[1], '')
  local revocation = int(math.max(now, revoked_at(KEYS[1]) or 0))
  if spared and record_exists(ARGV[1] .. spared) then redis.call('HSET', ARGV[1] .. spared, '@v', revocation) end
  redis.call('ZADD', KEYS[1], revocation, REVOKED)
  extend_ttl(KEYS[1], ARGV[4] * 1000)
end
for _, handle in ipairs(handles) do
  local key = ARGV[1] .. handle
  if handle ~= spared and handle ~= REVOKED and (ARGV[3] == '' or carries(key, ARGV[3])) then
    local moved = is_tombstone(key)
    if explain and record_exists(key) then
      end_explained(key, ARGV[5])
      reply[#reply + 1] = handle
    elseif key ~= KEYS[1] and redis.call('DEL', key) == 1 and not moved then
      reply[#reply + 1] = handle
    end
    redis.call('ZREM', KEYS[1], handle)
  end
end
return reply
`,
  },
  save: {
    sha: '3ed8d2607a754272a2ed4a3ef0b949266bf9b54d',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(number)
  return string.format('%.0f', number)
end
local deadline = tonumber(table.remove(ARGV))
if deadline and now > deadline then return {6, now} end
local function parse(stored)
  local created, timeout, adjusted, expires, own_expiry, authenticated, sent, remember, attributes, unconfirmed,
    index_keys, details =
    string.match(stored, '^1:(%d+):(%d+)(a?):(%d+)(a?):(%d+):(%d+)([pb]?):([^:?]*)(%??):([^:]*):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated, #sent + 3) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), adjusted = adjusted, expires = tonumber(expires),
    own_expiry = own_expiry, authenticated = tonumber(authenticated), sent = tonumber(sent), remember = remember,
    attributes = attributes, confirmed = unconfirmed == '', index_keys = index_keys, details = details
  }
end
local function format(meta)
  return table.concat({
    '1', int(meta.created), int(meta.timeout) .. meta.adjusted, int(meta.expires) .. meta.own_expiry,
    int(meta.authenticated), int(meta.sent) .. meta.remember, meta.attributes .. (meta.confirmed and '' or '?'), meta.index_keys, meta.details
  }, ':')
end
local function missing_reply(key)
  local tombstone = redis.call('HGET', key, '@r')
  if not tombstone then return {0} end
  local nonce, grace, successor, confirmed = string.match(tombstone, '^([^:]*):(%d+):([^:]*):([01])$')
  if not nonce then return {0} end
  return {2, nonce, tonumber(grace), now, successor, tonumber(confirmed)}
end
local function set_timeout(meta, text)
  local timeout, adjusted = string.match(text, '^(%d+)(a?)$')
  if timeout then meta.timeout, meta.adjusted, meta.changed = tonumber(timeout), adjusted, true end
end
local function set_cookie(meta, sent, confirmed)
  if sent ~= '' then
    meta.sent, meta.attributes, meta.changed = math.floor(now / 1000), string.sub(sent, 2), true
  end
  if meta.confirmed ~= confirmed then meta.confirmed, meta.changed = confirmed, true end
end
local function ttl_ms(meta)
  local left = meta.timeout * 1000
  if meta.expires > 0 and meta.expires - now < left then left = meta.expires - now end
  return left
end
local function write_record(key, meta, first)
  local last = #ARGV
  ARGV[last + 1], ARGV[last + 2] = '@s', int(math.floor(now / 1000))
  if meta.changed then ARGV[last + 3], ARGV[last + 4] = '@', format(meta) end
  for start = first, #ARGV, 1000 do
    redis.call('HSET', key, unpack(ARGV, start, math.min(start + 999, #ARGV)))
  end
  local left = ttl_ms(meta)
  redis.call('PEXPIRE', key, int(left))
  return left
end
local explain = tonumber(table.remove(ARGV))
local function end_explained(key, reason)
  if not explain then return redis.call('DEL', key) end
  local left = redis.call('PTTL', key)
  redis.call('HDEL', key, '@e')
  redis.call('HSET', key, '@e', reason .. ':' .. int(now))
  redis.call('PEXPIRE', key, int(math.max(left, 0) + explain * 1000))
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if field ~= '@e' then redis.call('HDEL', key, field) end
  end
  return 1
end
local function explain_expiry(key, left)
  if not explain then return end
  redis.call('HSET', key .. ':end', '@e', 'expired:' .. int(now + left))
  redis.call('PEXPIRE', key .. ':end', int(left + explain * 1000))
end
local REVOKED = '@revoked'
local function revoked_at(index)
  return tonumber(redis.call('ZSCORE', index, REVOKED))
end
local function is_revoked(key, meta, revocation)
  if not revocation or meta.created > revocation then return false end
  return (tonumber(redis.call('HGET', key, '@v')) or 0) < revocation
end
local now_us = time[1] * 1000000 + time[2]
local function extend_ttl(index, left)
  if redis.call('PTTL', index) < left then redis.call('PEXPIRE', index, int(left)) end
end
local function index_session(index, handle, score, left)
  redis.call('ZADD', index, 'NX', int(score), handle)
  extend_ttl(index, left)
end
local function open_record(key, index, handle)
  local stored = redis.call('HGET', key, '@')
  if not stored then return nil, missing_reply(key) end
  local meta = parse(stored)
  if not meta then return nil, {0} end
  if not index or not is_revoked(key, meta, revoked_at(index)) then return meta end
  end_explained(key, 'revoked')
  redis.call('ZREM', index, handle)
  return nil, {9}
end
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
local handle = string.sub(KEYS[1], -43)
local meta, missing = open_record(KEYS[1], KEYS[2], handle)
if not meta then return missing end
local first = match_expected(KEYS[1], 2, false)
if not first then return conflict_reply(KEYS[1]) end
local timeout, cookie, confirms, max_size = string.match(ARGV[1], '^([^:]*):([^:]*):([01]):(%d*)$')
local size = size_beyond(KEYS[1], tonumber(max_size), 2, first)
if size then return {8, size} end
set_timeout(meta, timeout)
set_cookie(meta, cookie, meta.confirmed or confirms == '1')
if ttl_ms(meta) <= 0 then return {0} end
if KEYS[2] then index_session(KEYS[2], handle, now_us, ttl_ms(meta)) end
delete_fields(KEYS[1], 2)
local left = write_record(KEYS[1], meta, first)
if KEYS[2] then explain_expiry(KEYS[1], left) end
return {1, now}
`,
  },
  take: {
    sha: '11f785d3a2340e462f59ed9e7d3af8b5d1d7cd8f',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(number)
  return string.format('%.0f', number)
end
local deadline = tonumber(table.remove(ARGV))
if deadline and now > deadline then return {6, now} end
local function parse(stored)
  local created, timeout, adjusted, expires, own_expiry, authenticated, sent, remember, attributes, unconfirmed,
    index_keys, details =
    string.match(stored, '^1:(%d+):(%d+)(a?):(%d+)(a?):(%d+):(%d+)([pb]?):([^:?]*)(%??):([^:]*):(.*)$')
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated, #sent + 3) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), adjusted = adjusted, expires = tonumber(expires),
    own_expiry = own_expiry, authenticated = tonumber(authenticated), sent = tonumber(sent), remember = remember,
    attributes = attributes, confirmed = unconfirmed == '', index_keys = index_keys, details = details
  }
end
local function format(meta)
  return table.concat({
    '1', int(meta.created), int(meta.timeout) .. meta.adjusted, int(meta.expires) .. meta.own_expiry,
    int(meta.authenticated), int(meta.sent) .. meta.remember, meta.attributes .. (meta.confirmed and '' or '?'), meta.index_keys, meta.details
  }, ':')
end
local function missing_reply(key)
  local tombstone = redis.call('HGET', key, '@r')
  if not tombstone then return {0} end
  local nonce, grace, successor, confirmed = string.match(tombstone, '^([^:]*):(%d+):([^:]*):([01])$')
  if not nonce then return {0} end
  return {2, nonce, tonumber(grace), now, successor, tonumber(confirmed)}
end
local explain = tonumber(table.remove(ARGV))
local function end_explained(key, reason)
  if not explain then return redis.call('DEL', key) end
  local left = redis.call('PTTL', key)
  redis.call('HDEL', key, '@e')
  redis.call('HSET', key, '@e', reason .. ':' .. int(now))
  redis.call('PEXPIRE', key, int(math.max(left, 0) + explain * 1000))
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if field ~= '@e' then redis.call('HDEL', key, field) end
  end
  return 1
end
local REVOKED = '@revoked'
local function revoked_at(index)
  return tonumber(redis.call('ZSCORE', index, REVOKED))
end
local function is_revoked(key, meta, revocation)
  if not revocation or meta.created > revocation then return false end
  return (tonumber(redis.call('HGET', key, '@v')) or 0) < revocation
end
local function open_record(key, index, handle)
  local stored = redis.call('HGET', key, '@')
  if not stored then return nil, missing_reply(key) end
  local meta = parse(stored)
  if not meta then return nil, {0} end
  if not index or not is_revoked(key, meta, revoked_at(index)) then return meta end
  end_explained(key, 'revoked')
  redis.call('ZREM', index, handle)
  return nil, {9}
end
local meta, missing = open_record(KEYS[1], KEYS[2], ARGV[1])
if not meta then return missing end
local reply = {1, now}
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, #ARGV[2]) == ARGV[2] then
    reply[#reply + 1] = field
    reply[#reply + 1] = redis.call('HGET', KEYS[1], field)
    redis.call('HDEL', KEYS[1], field)
  end
end
return reply
`,
  },
  time: {
    sha: '1dcc7acbdca50db9bdf3daaee3aeb983aa86d8ea',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return {1, now}
`,
  },
};

/** Parts that run after a script in the same step. */
type ScriptParts = Readonly<Partial<Record<ScriptName, string>>>;

/** What publishes the ends that a script has made: `publish` runs before all of them, the others after the script. */
export const endPublishers: ScriptParts & { readonly publish: string } = {
  publish: `local channel = table.remove(ARGV)
if redis.acl_check_cmd and not redis.acl_check_cmd('PUBLISH', channel, '') then
  return redis.error_reply("NOPERM this user has no permissions to publish the ends of sessions")
end
local function publish(...)
  redis.call('PUBLISH', channel, table.concat({...}, ' '))
end
local function handle_of(key)
  return string.sub(key, -43)
end
local function publish_ends(reason, handles, first)
  if not reason or reason == '' then reason = 'unknown' end
  for start = first, #handles, 100 do
    publish('ended', reason, unpack(handles, start, math.min(start + 99, #handles)))
  end
end
local function publish_missing(reply, key)
  if reply[1] == 9 then publish('ended', 'revoked', handle_of(key)) end
  if reply[1] == 0 and redis.call('HEXISTS', key, '@') == 0 then publish('ended', 'unknown', handle_of(key)) end
end
local function publish_rekey(key, successor)
  if successor == '' then
    publish('ended', 'superseded', handle_of(key))
  else
    publish('rekeyed', handle_of(key), successor)
  end
end
`,
  confirm: `publish_missing(reply, KEYS[1])
`,
  create: `if reply[1] == 1 then publish_ends('evicted', reply, 3) end
`,
  deleteRotated: `if reply[1] == 1 then publish_rekey(KEYS[1], ARGV[5]) end
`,
  destroy: `if reply[1] == 1 then publish_ends(ARGV[4], {handle_of(KEYS[1])}, 1) end
`,
  rekey: `if reply[1] == 1 then
  publish_ends('evicted', reply, 3)
  publish_rekey(KEYS[1], ARGV[17])
end
publish_missing(reply, KEYS[1])
`,
  revoke: `if reply[1] == 1 then publish_ends(ARGV[5], reply, 3) end
`,
  save: `publish_missing(reply, KEYS[1])
`,
  take: `publish_missing(reply, KEYS[1])
`,
};

/**
 * What writes the audit trail: `audit` runs before all of them, `check` before those that are sure to write, the others
 * after the script, and `finish` last.
 */
export const auditWriters: ScriptParts & { readonly audit: string; readonly check: string; readonly finish: string } = {
  audit: `local trail, last = table.remove(KEYS), nil
local function handle_of(key)
  return string.sub(key, -43)
end
local function method_of(details)
  local method = cjson.decode(details)[2]
  return type(method) == 'string' and method or ''
end
local function append(event, handle, previous, method, by)
  last = redis.call('XADD', trail, '*', 'e', event, 'h', handle, 'p', previous or '', 'm', method or '', 'b', by or '')
end
local function append_ends(event, handles, first, by)
  for i = first, #handles do append(event, handles[i], nil, nil, by) end
end
local function append_late_revocation(reply)
  if reply[1] == 9 then append('revoked', handle_of(KEYS[1])) end
end
`,
  check: `if redis.acl_check_cmd
  and not (redis.acl_check_cmd('XADD', trail, '*', 'e', '') and redis.acl_check_cmd('XTRIM', trail, 'MAXLEN', '1')) then
  return redis.error_reply("NOPERM this user has no permissions to write the audit trail of sessions")
end
redis.call('XLEN', trail)
`,
  finish: `if last then
  redis.call('XTRIM', trail, 'MAXLEN', max_entries)
  redis.call('XTRIM', trail, 'MINID', string.format('%.0f', math.max(tonumber(string.match(last, '^%d+')) - max_age, 0)))
  redis.call('PEXPIRE', trail, max_age)
end
`,
  confirm: `local function is_recorded(handle)
  for _, entry in ipairs(redis.call('XREVRANGE', trail, '+', '-', 'COUNT', 100)) do
    if entry[2][4] == handle then return true end
  end
end
local handle = handle_of(KEYS[1])
if reply[1] == 1 and not is_recorded(handle) then
  local details = string.match(redis.call('HGET', KEYS[1], '@'), '^' .. string.rep('[^:]*:', 8) .. '(.*)$')
  append(ARGV[3] == '' and 'login' or 'migrated', handle, ARGV[2], method_of(details))
end
append_late_revocation(reply)
`,
  create: `if reply[1] == 1 then
  append_ends('evicted', reply, 3)
  if ARGV[12] == '' then append('login', handle_of(KEYS[1]), '', method_of(ARGV[8])) end
end
`,
  destroy: `if reply[1] == 1 and ARGV[4] ~= '' then append(ARGV[4], handle_of(KEYS[1]), '', '', ARGV[5]) end
`,
  rekey: `if reply[1] == 1 then
  append_ends('evicted', reply, 3)
  if ARGV[6] == '' then
    append('rotated', ARGV[2], ARGV[1])
  else
    append(ARGV[14] == '' and 'login' or 'migrated', ARGV[2], ARGV[1], method_of(ARGV[9]))
  end
end
append_late_revocation(reply)
`,
  reportReuse: `if reply[1] == 1 then append('reused', handle_of(KEYS[1])) end
`,
  revoke: `if reply[1] == 1 and ARGV[5] ~= '' then append_ends(ARGV[5], reply, 3, ARGV[6]) end
`,
  save: `append_late_revocation(reply)
`,
  take: `append_late_revocation(reply)
`,
};
