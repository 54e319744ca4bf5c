if reply[1] == 1 then publish_ends(ARGV[4], {handle_of(KEYS[1])}, 1) end
