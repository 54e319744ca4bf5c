-- Runs before a script that changes what an owner's audit trail is about (`audit`). The last of KEYS, removed here, is the
-- trail: a stream with an entry for each event. max_entries and max_age (ms) are set before.
local trail, last = table.remove(KEYS), nil

-- Handles are 43 characters, at the end of a record's name.
local function handle_of(key)
  return string.sub(key, -43)
end

-- Details are JSON: owner, method and more.
local function method_of(details)
  local method = cjson.decode(details)[2]
  return type(method) == 'string' and method or ''
end

local function append(event, handle, previous, method, by)
  last = redis.call('XADD', trail, '*', 'e', event, 'h', handle, 'p', previous or '', 'm', method or '', 'b', by or '')
end

-- Appends the ends of the handles of a list from `first` on.
local function append_ends(event, handles, first, by)
  for i = first, #handles do append(event, handles[i], nil, nil, by) end
end

-- A record that outlived an earlier revocation has ended now.
local function append_late_revocation(reply)
  if reply[1] == 9 then append('revoked', handle_of(KEYS[1])) end
end
