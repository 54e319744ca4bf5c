-- Metadata, field "@" of a record: "1:<created ms>:<timeout s>[a]:<expires ms>[a]:<authenticated ms>:<cookie sent s>[p|b]:
-- <cookie attributes>[?]:<index keys, comma separated>:<details>" in one line. 1 is the version; "a": the timeout is
-- the session's own, or the expiry the login's; "p", "b": by the login, the cookie is persistent, or ends with the browser;
-- "?": no request has come with the id yet. Details are JSON, which is not looked into here.
-- Needs _time.
local function parse(stored)
  local created, timeout, adjusted, expires, own_expiry, authenticated, sent, remember, attributes, unconfirmed,
    index_keys, details =
    string.match(stored, '^1:(%d+):(%d+)(a?):(%d+)(a?):(%d+):(%d+)([pb]?):([^:?]*)(%??):([^:]*):(.*)$')
  -- Longer numbers are not exact; timeouts of ten digits are a hundred years.
  if not created or math.max(#created, #timeout + 5, #expires, #authenticated, #sent + 3) > 15 then return nil end
  return {
    created = tonumber(created), timeout = tonumber(timeout), adjusted = adjusted, expires = tonumber(expires),
    own_expiry = own_expiry, authenticated = tonumber(authenticated), sent = tonumber(sent), remember = remember,
    attributes = attributes, confirmed = unconfirmed == '', index_keys = index_keys, details = details
  }
end

local function format(meta)
  return table.concat({
    '1', int(meta.created), int(meta.timeout) .. meta.adjusted, int(meta.expires) .. meta.own_expiry,
    int(meta.authenticated), int(meta.sent) .. meta.remember, meta.attributes .. (meta.confirmed and '' or '?'), meta.index_keys, meta.details
  }, ':')
end
