-- The record: hash of "@" (metadata), "@s" (last seen, seconds) and serialised fields; or, once rotated,
-- a hash of "@r" alone: "<nonce>:<grace until, ms>:<the successor's handle>".
-- Metadata: "1:<created ms>:<timeout s>:<expires ms>:<authenticated ms>:<details>", 1 being the version.
-- Results begin with a code: 0 gone, 1 written, 2 moved, 3 conflict, 4 exists, 5 full, 6 late.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Microseconds, to tell logins of one millisecond apart.
local stamp = time[1] * 1000000 + time[2]

-- The last of ARGV, taken off here, is the time in ms by which to begin, or ''. A server that was held up comes to
-- what nobody waits for any more, perhaps after what was asked for later: then nothing is done.
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

-- Leaves a trace of a rotation, or, without a nonce, of a login, whose successor is nobody's business.
local function leave(key, nonce, grace, keep, successor)
  if tonumber(keep) == 0 then return end
  if nonce == '' then successor = '' end
  redis.call('HSET', key, '@r', nonce .. ':' .. int(now + grace * 1000) .. ':' .. successor)
  redis.call('PEXPIRE', key, int(keep * 1000))
end

local function parse(meta)
  local created, timeout, expires, authenticated, details = string.match(meta, '^1:(%d+):(%d+):(%d+):(%d+):(.*)$')
  -- Longer numbers are not exact; timeouts of ten digits are a hundred years.
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

-- Stores metadata and the field-value pairs of ARGV from `first` on; gives the record's time to live.
local function store(key, meta, first)
  for start = first, #ARGV, 1000 do
    redis.call('HSET', key, unpack(ARGV, start, math.min(start + 999, #ARGV)))
  end
  redis.call('HSET', key, '@', format(meta), '@s', int(math.floor(now / 1000)))
  local left = life(meta)
  redis.call('PEXPIRE', key, int(left))
  return left
end
