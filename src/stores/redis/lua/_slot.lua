-- While a slot of a cluster is on its way to another node, a record that is missing here may be there.
-- A command that names a key which is here and one which is not is refused then: this raises an error,
-- before anything is written, unless what is missing is gone for good.
local function assert_slot_stable(index, prefix, handles)
  for start = 1, #handles, 1000 do
    local keys = {index}
    for i = start, math.min(start + 999, #handles) do keys[#keys + 1] = prefix .. handles[i] end
    redis.call('EXISTS', unpack(keys))
  end
end
