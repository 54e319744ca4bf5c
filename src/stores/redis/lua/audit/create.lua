if reply[1] == 1 then
  append_ends('evicted', reply, 3)
  -- The login of a copy in another slot is complete when the copy is confirmed.
  if ARGV[12] == '' then append('login', handle_of(KEYS[1]), '', method_of(ARGV[8])) end
end
