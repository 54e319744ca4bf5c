-- The last of ARGV, removed here, is the time in ms after which the operation must no longer begin, or ''. A server
-- that was held up would otherwise carry out what its client has abandoned, perhaps after later operations.
-- @include _time
local deadline = tonumber(table.remove(ARGV))
if deadline and now > deadline then return {6, now} end
