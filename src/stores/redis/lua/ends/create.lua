if reply[1] == 1 then publish_ends('evicted', reply, 3) end
