if reply[1] == 1 then
  publish_ends('evicted', reply, 3)
  publish_rekey(KEYS[1], ARGV[17])
end
publish_missing(reply, KEYS[1])
