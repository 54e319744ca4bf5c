if reply[1] == 1 then publish_ends(ARGV[5], reply, 3) end
