-- Gives a record a new key together with a change, for a rotation or a login.
-- KEYS  1 old record, 2 new record, 3 index of the new record's owner, 4 index of the old record's owner
--       (3 and 4 only where there is an owner)
-- ARGV  1 old handle, 2 new handle, 3 idle timeout (s, '': keep), 4 a login ('1') or a rotation ('0'),
--       5 time to the absolute expiry (s, 0: none), 6 age of the login (ms), 7 sessions allowed (0: any),
--       8 evict the oldest ('1') or refuse ('0'), 9 details, 10 nonce, 11 grace (s), 12 how long the trace is
--       kept (s, 0: no trace), 13 exact ('1'), 14... a change (see _change), then field, value
-- Returns {1, now, evicted handle...} | {0} | {2, nonce, grace until, now, successor} | {3, field, value...} | {4} | {5}
-- Upholds C6 (one of old and new, never none), C1 (the old record must exist), C7 and C8 (index and limit).
-- @include _record
-- @include _change
-- @include _owner
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
