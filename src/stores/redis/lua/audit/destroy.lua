if reply[1] == 1 and ARGV[4] ~= '' then append(ARGV[4], handle_of(KEYS[1]), '', '', ARGV[5]) end
