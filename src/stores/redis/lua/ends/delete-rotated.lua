if reply[1] == 1 then publish_rekey(KEYS[1], ARGV[5]) end
