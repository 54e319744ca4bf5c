-- The record: hash of "@" (see _metadata), "@s" (last seen, seconds), "@v" (see _revocation) and serialised fields; or
-- a tombstone: a hash of "@r" alone, "<nonce>:<grace until, ms>:<the successor's handle>:<cookie confirmed, 1 or 0>".
-- Results begin with a code: 0 gone, 1 written, 2 tombstone, 3 conflict, 4 exists, 5 full, 6 late, 7 revoked, 8 too large,
-- 9 outlived: ended now, by a revocation that had not found it.
-- @include _deadline
-- @include _metadata

-- While a slot moves to another node, a key that a script has emptied counts as moved, and the script fails at its next
-- command on it: so no script empties a key that it still needs.

-- The reply of an operation that finds no record: what a tombstone says, or that there is nothing.
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

-- Ends a record, and turns it into its tombstone if there is to be one.
local function end_record(key, nonce, grace, keep, successor, confirmed)
  if tonumber(keep) <= 0 then
    redis.call('DEL', key)
    return
  end
  -- A server whose memory is full refuses the tombstone, unless the script has deleted something before.
  redis.call('HDEL', key, '@r')
  write_tombstone(key, nonce, grace, keep, successor, confirmed)
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if field ~= '@r' then redis.call('HDEL', key, field) end
  end
end

-- `text` is the timeout and, if it is the session's own, an "a"; or '' to keep what there is.
local function set_timeout(meta, text)
  local timeout, adjusted = string.match(text, '^(%d+)(a?)$')
  if timeout then meta.timeout, meta.adjusted, meta.changed = tonumber(timeout), adjusted, true end
end

-- `sent` is "=" and the attributes of the cookie that is about to be sent; or '' when none is.
local function set_cookie(meta, sent, confirmed)
  if sent ~= '' then
    meta.sent, meta.attributes, meta.changed = math.floor(now / 1000), string.sub(sent, 2), true
  end
  if meta.confirmed ~= confirmed then meta.confirmed, meta.changed = confirmed, true end
end

-- Begins the life of a session, or begins it again with a login.
-- Arguments of ARGV from `first` on: time to the absolute expiry (s, 0: none; nothing keeps expiry and creation time), with
-- an "a" if it is the login's own, and "p" or "b" for what the login says of the cookie (see _metadata); age of the login
-- (ms, '': none), when the owner authenticated (ms, '': by the age), index keys, details.
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

-- Stores the field-value pairs of ARGV from `first` on, the time of use, and metadata that have changed; returns the
-- record's time to live.
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
