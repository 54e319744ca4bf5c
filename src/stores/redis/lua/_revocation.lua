-- The last revocation of all sessions of an owner: a member of the owner's index whose score is its time in ms. It
-- outlives the entries of sessions, so that a session which the revocation did not find, because the index had been
-- lost, ends at its next write. Field "@v" of a record is the time of the last revocation that spared it.
-- In the index, because a key of its own that mostly does not exist would keep scripts from running while a slot moves.
local REVOKED = '@revoked'

local function revoked_at(index)
  return tonumber(redis.call('ZSCORE', index, REVOKED))
end

-- Returns whether the record was there when the owner's sessions were revoked.
local function is_revoked(key, meta, revocation)
  if not revocation or meta.created > revocation then return false end
  return (tonumber(redis.call('HGET', key, '@v')) or 0) < revocation
end
