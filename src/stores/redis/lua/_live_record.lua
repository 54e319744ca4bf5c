-- Needs _record, _explanation and _revocation.

-- Returns the metadata of a record that goes on, or else nil and what to reply. A record that outlived a revocation of
-- its owner's sessions ends here, which the reply {9} says: first the record, then its entry, which otherwise would be missing where the
-- deletion is refused.
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
