if reply[1] == 1 then
  append_ends('evicted', reply, 3)
  if ARGV[6] == '' then
    append('rotated', ARGV[2], ARGV[1])
  else
    append(ARGV[14] == '' and 'login' or 'migrated', ARGV[2], ARGV[1], method_of(ARGV[9]))
  end
end
append_late_revocation(reply)
