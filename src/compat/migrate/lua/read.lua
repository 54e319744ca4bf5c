-- Reads a session that another library has stored as a string.
-- KEYS  1 session
-- ARGV  none
-- Returns {0, now} (absent) | {1, now, time to live (ms, -1: without end), SHA-1 of the string, the string} | {2, now} (no
-- string)
-- @include _read
return read(KEYS[1])
