-- Makes a record where there is neither one nor a tombstone, together with its entry in the owner's index.
-- KEYS  1 record, 2 the owner's index, 3 what explains its expiry (owned records only)
-- ARGV  1 handle, 2 idle timeout (see set_timeout), 3 cookie (see set_cookie), 4-8 (see begin_life), 9-11 (see admit_login),
--       12 metadata of the record in another slot that this one is a copy of (''), for a login (5: an age) or a rotation,
--       13 seconds to live until a save (0: as long as any), 14... field, value, and last how long its end is
--       explained (see _explanation)
-- Returns {1, now, evicted handle...} | {0} (copied, but past its end) | {4} | {5} | {7}
-- Upholds C1 (nothing else makes records), C7 (session and index in one step), C8 (the limit).
-- @include _record
-- @include _explanation
-- @include _owner
-- @include _admission
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
