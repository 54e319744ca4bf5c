-- Changes fields of an existing record and renews its idle timeout; an empty change is a touch.
-- KEYS  1 record, 2 the owner's index, 3 what explains its expiry (owned records only)
-- ARGV  1 "<idle timeout>:<cookie>:<1 if the client has come with this id, or 0>:<bytes that the fields may have after a
--       change that makes them more, or nothing>" (see set_timeout and set_cookie), 2... a change (see _change), then
--       field, value, and last how long its end is explained (see _explanation)
-- Returns {1, now} | {0} | {9} | {8, size} | {2, nonce, grace until, now, successor, confirmed} | {3, field, value...}
-- Upholds C1 (the record must exist), C2 and C3 (fields merge here), C4 (never past the absolute expiry), C7 (a
-- revocation that did not find the record); restores an entry that the index has lost.
-- @include _record
-- @include _explanation
-- @include _owner
-- @include _live_record
-- @include _change
-- @include _size
-- Handles are 43 characters, at the end of a record's name.
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
-- The index first: if what is there is no index, nothing is written.
if KEYS[2] then index_session(KEYS[2], handle, now_us, ttl_ms(meta)) end
delete_fields(KEYS[1], 2)
local left = write_record(KEYS[1], meta, first)
if KEYS[2] then explain_expiry(KEYS[1], left) end
return {1, now}
