-- Runs before a script whose ends are published (`redis.publishEnds`). The last of ARGV, removed here, is the channel.
-- Messages: "ended <reason> <handle>..." and "rekeyed <old handle> <new handle>".
local channel = table.remove(ARGV)
-- Refuses before anything is written. Before Redis 7 a missing permission shows only when the message is sent.
if redis.acl_check_cmd and not redis.acl_check_cmd('PUBLISH', channel, '') then
  return redis.error_reply("NOPERM this user has no permissions to publish the ends of sessions")
end

local function publish(...)
  redis.call('PUBLISH', channel, table.concat({...}, ' '))
end

-- Handles are 43 characters, at the end of a record's name.
local function handle_of(key)
  return string.sub(key, -43)
end

-- Publishes the ends of the handles of a list from `first` on.
local function publish_ends(reason, handles, first)
  if not reason or reason == '' then reason = 'unknown' end
  for start = first, #handles, 100 do
    publish('ended', reason, unpack(handles, start, math.min(start + 99, #handles)))
  end
end

-- A record that the operation has not found, or has ended because of an earlier revocation.
local function publish_missing(reply, key)
  if reply[1] == 9 then publish('ended', 'revoked', handle_of(key)) end
  if reply[1] == 0 and redis.call('HEXISTS', key, '@') == 0 then publish('ended', 'unknown', handle_of(key)) end
end

-- A record that goes on under another key, if a successor is named; its client goes on with another session otherwise.
local function publish_rekey(key, successor)
  if successor == '' then
    publish('ended', 'superseded', handle_of(key))
  else
    publish('rekeyed', handle_of(key), successor)
  end
end
