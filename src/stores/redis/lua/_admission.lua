-- Needs _record and _owner.

-- Admits a login to the owner's sessions. Arguments of ARGV from `first` on: when a pending login was begun (ms, '': it
-- is complete by itself), sessions allowed (0: any), evict the oldest ('1') or refuse ('0').
-- Returns {1, now, evicted handle...} | {5} | {7}
local function admit_login(index, prefix, replaced, first)
  local pending, revocation = tonumber(ARGV[first]), revoked_at(index)
  if pending and revocation and pending <= revocation then return {7} end
  local evicted = enforce_limit(index, prefix, tonumber(ARGV[first + 1]), ARGV[first + 2] == '1', replaced)
  if not evicted then return {5} end
  local reply = {1, now}
  for _, handle in ipairs(evicted) do reply[#reply + 1] = handle end
  return reply
end

-- A login of the same millisecond as a revocation, or by a clock that was set back since, comes after it all the same.
local function mark_admitted(key, index, meta)
  local revocation = revoked_at(index)
  if revocation and meta.created <= revocation then redis.call('HSET', key, '@v', int(revocation)) end
end
