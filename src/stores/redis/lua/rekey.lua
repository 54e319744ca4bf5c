-- Moves a record to a new key, with a change: a rotation, or a login of an anonymous session or the same owner's.
-- KEYS  1 old record, 2 new record, 3 the index of the new record's owner (owned records only), 4 the old record's, which
--       is the same unless a login is the first under a new secret, and what explains their expiry (owned records only)
-- ARGV  1 old handle, 2 new handle, 3 idle timeout (see set_timeout), 4 cookie (see set_cookie), 5-9 (see begin_life; 6, the
--       age, is '' for a rotation), 10-12 (see admit_login), 13 the client has come with the old id ('1'), 14 nonce,
--       15 grace (s), 16 how long the tombstone is kept (s, 0: no tombstone), 17 the successor's handle, '' not to name it,
--       18 exact ('1'), 19... a change (see _change), then field, value, and last how long its end is explained (see
--       _explanation)
-- Returns {1, now, evicted handle...} | {0} | {9} | {2, nonce, grace until, now, successor, confirmed} | {3, field, value...}
--         | {4} | {5} | {7}
-- Upholds C6 (one of old and new, never none), C1 (the old record must exist), C7 and C8 (index and limit).
-- @include _record
-- @include _explanation
-- @include _owner
-- @include _admission
-- @include _live_record
-- @include _change
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
