-- A client library may send this again when the reply was lost, and a record that is confirmed can be confirmed again.
local function is_recorded(handle)
  for _, entry in ipairs(redis.call('XREVRANGE', trail, '+', '-', 'COUNT', 100)) do
    if entry[2][4] == handle then return true end
  end
end
local handle = handle_of(KEYS[1])
if reply[1] == 1 and not is_recorded(handle) then
  local details = string.match(redis.call('HGET', KEYS[1], '@'), '^' .. string.rep('[^:]*:', 8) .. '(.*)$')
  append(ARGV[3] == '' and 'login' or 'migrated', handle, ARGV[2], method_of(details))
end
append_late_revocation(reply)
