-- Reads the server's clock.
-- KEYS  1 any key of the server that is asked
-- ARGV  none
-- Returns {1, now}
-- @include _time
return {1, now}
