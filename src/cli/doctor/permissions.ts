import type { RedisServer, Reply } from '../../stores/redis/driver.ts';
import { isServerReply } from '../../stores/redis/errors.ts';
import type { RedisInspection } from '../../stores/redis/store.ts';

/** A command that the server does not let the connection run, and what it says. */
export interface DeniedCommand {
  readonly command: string;
  /** The rule that would allow it, as `ACL SETUSER` takes it. */
  readonly rule: string;
  readonly reply: string;
}

/**
 * Commands that scripts run, with arguments that change nothing: servers check permissions before arguments, the key
 * does not exist, and nothing here makes it. `KEY` stands for the key.
 */
const IN_SCRIPTS: readonly (readonly string[])[] = [
  ['hgetall', 'KEY'],
  ['time'],
  ['type', 'KEY'],
  ['exists', 'KEY'],
  ['del', 'KEY'],
  ['rename', 'KEY', 'KEY'],
  ['pexpire', 'KEY', '1'],
  ['pttl', 'KEY'],
  // A field without a value.
  ['hset', 'KEY', 'f', 'v', 'g'],
  ['hget', 'KEY', 'f'],
  ['hmget', 'KEY', 'f'],
  ['hdel', 'KEY', 'f'],
  ['hexists', 'KEY', 'f'],
  ['hkeys', 'KEY'],
  ['hlen', 'KEY'],
  ['hstrlen', 'KEY', 'f'],
  ['zadd', 'KEY', 'XX', '1', 'm'],
  ['zrem', 'KEY', 'm'],
  ['zrange', 'KEY', '0', '0'],
  ['zscore', 'KEY', 'm'],
  ['zcard', 'KEY'],
  ['zremrangebyscore', 'KEY', '1', '1'],
];

/** Every command that the library sends by default, directly or in a script. */
export const STORE_COMMANDS: readonly string[] = ['eval', 'evalsha', 'ping', ...IN_SCRIPTS.map(([name]) => name!)];

/** Returns name and error of every command that is refused, one after the other. ARGV: a command and its arguments, ended by an empty text, and so on. */
const PROBE = `
local refused, command = {}, {}
for _, word in ipairs(ARGV) do
  if word ~= '' then
    command[#command + 1] = word == 'KEY' and KEYS[1] or word
  else
    local reply = redis.pcall(unpack(command))
    if type(reply) == 'table' and reply.err then
      refused[#refused + 1] = command[1]
      refused[#refused + 1] = reply.err
    end
    command = {}
  end
end
return refused`;

/** What servers say of a command that a user may not run, or that was renamed or removed. */
const DENIAL =
  /NOPERM|can't run this command|can't access at least one of the keys|unknown (?:redis )?command|ACL failure/i;
/** Keys that are tried until one is in a slot of the server. */
const ATTEMPTS = 500;

/** How the store names what it uses. */
type Names = Pick<RedisInspection, 'prefix' | 'endChannel'>;

/** Finds out which commands a server refuses. Changes nothing. */
export async function findDeniedCommands(
  server: RedisServer,
  key: string,
  names: Names,
): Promise<readonly DeniedCommand[]> {
  const { prefix, endChannel } = names;
  const direct: (readonly string[])[] = [
    ['PING'],
    ['EVALSHA', '0'.repeat(40), '1', key],
    ['SCAN', '0', 'MATCH', prefix, 'COUNT', '1'],
    // Listeners ignore what is no message of ours.
    ...(endChannel === null ? [] : [['PUBLISH', endChannel, '']]),
  ];
  const denied: DeniedCommand[] = [];
  for (const args of direct) {
    const { error } = await replyTo(server, args);
    if (error !== undefined) denied.push(...describeDenial(names, args[0]!.toLowerCase(), error));
  }
  return [...denied, ...(await probeScripts(server, key, names))];
}

async function probeScripts(server: RedisServer, key: string, names: Names): Promise<DeniedCommand[]> {
  const commands = IN_SCRIPTS.flatMap((command) => [...command, '']);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { reply, error } = await replyTo(server, ['EVAL', PROBE, '1', `${key}${attempt}`, ...commands]);
    if (error?.startsWith('MOVED ') === true) continue;
    if (error !== undefined) return describeDenial(names, 'eval', error);
    const texts = (Array.isArray(reply) ? reply : []).map(String);
    return texts.flatMap((text, index) => (index % 2 === 0 ? describeDenial(names, text, texts[index + 1] ?? '') : []));
  }
  return [];
}

async function replyTo(server: RedisServer, args: readonly string[]): Promise<{ reply?: Reply; error?: string }> {
  try {
    return { reply: await server.send(args) };
  } catch (error) {
    if (isServerReply(error)) return { error: error.message };
    throw error;
  }
}

/** What a server says of keys and channels names no command; what it quotes does. */
function ruleFor({ prefix, endChannel }: Names, command: string, reply: string): string {
  const words = reply.replaceAll(/'[^']*'/g, '');
  if (/\bkeys?\b/i.test(words)) return `~${prefix}*`;
  return /\bchannels?\b/i.test(words) ? `&${endChannel}` : `+${command}`;
}

function describeDenial(names: Names, command: string, reply: string): DeniedCommand[] {
  return DENIAL.test(reply) ? [{ command, rule: ruleFor(names, command, reply), reply }] : [];
}
