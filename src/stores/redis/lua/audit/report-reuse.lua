if reply[1] == 1 then append('reused', handle_of(KEYS[1])) end
