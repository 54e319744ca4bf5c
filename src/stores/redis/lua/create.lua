-- Makes a record where there is none, together with its entry in the owner's index.
-- KEYS  1 record, 2 the owner's index (owned records only)
-- ARGV  1 handle, 2 idle timeout (s), 3 time to the absolute expiry (s, 0: none), 4 age of the login (ms, -1: none),
--       5 sessions allowed (0: any), 6 evict the oldest ('1') or refuse ('0'), 7 details,
--       8 metadata to copy from another slot (''), 9 seconds to live until a save confirms it (0: as long as any),
--       10... field, value
-- Returns {1, now, evicted handle...} | {0} (copied, but past its end) | {4} | {5}
-- Upholds C1 (nothing else makes records), C7 (session and index in one step), C8 (the limit).
-- @include _record
-- @include _owner
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
