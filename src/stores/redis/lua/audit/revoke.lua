if reply[1] == 1 and ARGV[5] ~= '' then append_ends(ARGV[5], reply, 3, ARGV[6]) end
