// Generated from lua/*.lua by scripts/build-lua.mjs: edit those, then run `npm run build`.

/** A Lua script and the name that EVALSHA knows it by. */
export interface Script {
  /** SHA-1 of `source`, in hexadecimal. */
  readonly sha: string;
  readonly source: string;
}

export type ScriptName = 'read' | 'remove' | 'touch' | 'write';

export const scripts: Readonly<Record<ScriptName, Script>> = {
  read: {
    sha: '2d354ce459013fc5cd256c5b1709dcc731b57089',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function read(key)
  local stored = redis.pcall('GET', key)
  if type(stored) == 'table' then return {2, now} end
  if not stored then return {0, now} end
  return {1, now, redis.call('PTTL', key), redis.sha1hex(stored), stored}
end
return read(KEYS[1])
`,
  },
  remove: {
    sha: 'd7dae1b4b65a191eb137478999f089f1b3f62180',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = redis.pcall('GET', KEYS[1])
if type(stored) ~= 'string' then return {0, now} end
if ARGV[1] ~= '' and redis.sha1hex(stored) ~= ARGV[1] then return {0, now} end
redis.call('DEL', KEYS[1])
return {1, now}
`,
  },
  touch: {
    sha: '32938770018b15e4518774a4107faebcb1cf790e',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('TYPE', KEYS[1]).ok ~= 'string' then return {0, now} end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {1, now}
`,
  },
  write: {
    sha: 'bd83252aedfda1671e04d49bdbef17470f996266',
    source: `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function int(number)
  return string.format('%.0f', number)
end
local function read(key)
  local stored = redis.pcall('GET', key)
  if type(stored) == 'table' then return {2, now} end
  if not stored then return {0, now} end
  return {1, now, redis.call('PTTL', key), redis.sha1hex(stored), stored}
end
local reply = read(KEYS[1])
if reply[1] == 2 or (reply[4] or '') ~= ARGV[1] then return reply end
local left = ARGV[3] == '' and math.max(0, reply[3] or 0) or tonumber(ARGV[3])
if left > 0 then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', int(left))
else
  redis.call('SET', KEYS[1], ARGV[2])
end
return {3, now}
`,
  },
};
