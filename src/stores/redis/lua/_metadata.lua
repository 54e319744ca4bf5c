-- Metadata, field "@" of a record: "1:<created ms>:<timeout s>[a]:<expires ms>:<authenticated ms>:<cookie sent s>:
-- <cookie attributes>[?]:<index keys, comma separated>:<details>" in one line. 1 is the version; "a": the timeout is
-- the session's own; "?": no request has come with the id yet. Details are JSON, which is not looked into here.
-- Needs _time.
local function parse(stored)
  local created, timeout, adjusted, expires, authenticated, sent, attributes, unconfirmed, index_keys, details =
    string.match(stored, '^1:(%d+):(%d+)(a?):(%d+):(%d+):(%d+):([^:?]*)(%??):([^:]*):(.*)$')
  -- Longer numbers are not exact; timeouts of ten digits are a hundred years.
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated, #sent + 3) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), adjusted = adjusted, expires = tonumber(expires),
    authenticated = tonumber(authenticated), sent = tonumber(sent), attributes = attributes,
    confirmed = unconfirmed == '', index_keys = index_keys, details = details
  }
end

local function format(meta)
  return table.concat({
    '1', int(meta.created), int(meta.timeout) .. meta.adjusted, int(meta.expires), int(meta.authenticated),
    int(meta.sent), meta.attributes .. (meta.confirmed and '' or '?'), meta.index_keys, meta.details
  }, ':')
end
