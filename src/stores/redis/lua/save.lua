-- Changes fields of an existing record and renews its idle timeout; an empty change is a touch.
-- KEYS  1 record, 2 the owner's index (owned records only)
-- ARGV  1 handle, 2 idle timeout (s, '': keep), 3... a change (see _change), then field, value
-- Returns {1, now} | {0} | {2, nonce, grace until, now, successor} | {3, field, value...}
-- Upholds C1 (the record must exist), C2 and C3 (fields merge here), C4 (never past the absolute expiry);
-- heals an index that lost its entry.
-- @include _record
-- @include _change
-- @include _owner
local stored = redis.call('HGET', KEYS[1], '@')
if not stored then return absent(KEYS[1]) end
local meta = parse(stored)
if not meta then return {0} end
local first = expected(KEYS[1], 3, false)
if not first then return conflict(KEYS[1]) end
if ARGV[2] ~= '' then meta.timeout = tonumber(ARGV[2]) end
if life(meta) <= 0 then return {0} end
-- The index first: if what is there is no index, nothing is written.
if KEYS[2] then enrol(KEYS[2], ARGV[1], stamp, life(meta)) end
remove(KEYS[1], 3)
store(KEYS[1], meta, first)
return {1, now}
