import { randomBytes } from 'node:crypto';
import type { RedisServer, Reply } from '../../stores/redis/driver.ts';
import { isServerReply } from '../../stores/redis/errors.ts';
import { KeyNames } from '../../stores/redis/keys.ts';
import type { RedisInspection } from '../../stores/redis/store.ts';

/** A command that the server does not let the connection run, and what it says. */
export interface DeniedCommand {
  readonly command: string;
  /** The option that needs it; `null`: the library always does. */
  readonly option: string | null;
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

/** Options of a factory that need further commands. */
export type ExtraOption = 'audit' | 'stats';

/** What scripts run in addition, as in `IN_SCRIPTS`. One that cannot but change something is only asked about: `ASK`. */
const EXTRA: Readonly<Record<ExtraOption, readonly (readonly string[])[]>> = {
  audit: [
    ['xadd', 'KEY', 'NOMKSTREAM', '*', 'f', 'v'],
    ['xtrim', 'KEY', 'MAXLEN', '1'],
    ['xlen', 'KEY'],
    ['xrevrange', 'KEY', '+', '-', 'COUNT', '1'],
  ],
  stats: [
    // Nothing that can be added.
    ['hincrby', 'KEY', 'f', 'x'],
    ['ASK', 'pfadd', 'KEY', 'm'],
    ['pfcount', 'KEY'],
  ],
};

/** Every command that an option needs in addition. */
export const EXTRA_COMMANDS: Readonly<Record<ExtraOption, readonly string[]>> = {
  audit: EXTRA.audit.map(nameOf),
  stats: EXTRA.stats.map(nameOf),
};

function nameOf([first, second]: readonly string[]): string {
  return first === 'ASK' ? second! : first!;
}

/** Returns name and error of every command that is refused, one after the other. ARGV: a command and its arguments, ended by an empty text, and so on. */
const PROBE = `
local refused, command = {}, {}
local function ask(_, ...)
  local known, allowed = pcall(redis.acl_check_cmd, ...)
  if not known then return {err = 'unknown command'} end
  return not allowed and {err = 'NOPERM this user has no permissions to run the command'}
end
for _, word in ipairs(ARGV) do
  if word ~= '' then
    command[#command + 1] = word == 'KEY' and KEYS[1] or word
  else
    local asks = command[1] == 'ASK'
    local reply = (asks and ask or redis.pcall)(unpack(command))
    if type(reply) == 'table' and reply.err then
      refused[#refused + 1] = command[asks and 2 or 1]
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

/** A channel that an option publishes to and listens to. */
export interface UsedChannel {
  readonly name: string;
  readonly option: string;
}

/** How the store names what it uses, and what it is used for. */
export interface Usage extends Pick<RedisInspection, 'prefix'> {
  /** The options that are set. */
  readonly options: readonly ExtraOption[];
  readonly channels: readonly UsedChannel[];
}

/** Finds out which commands a server refuses, those first that the library always needs. Changes nothing. */
export async function findDeniedCommands(
  server: RedisServer,
  key: string,
  usage: Usage,
): Promise<readonly DeniedCommand[]> {
  const { prefix, channels, options } = usage;
  const touch = (name: string): string[] => ['EVALSHA', '0'.repeat(40), '1', name];
  const direct: (readonly [option: string | null, args: readonly string[]])[] = [
    [null, ['PING']],
    [null, touch(key)],
    [null, ['SCAN', '0', 'MATCH', prefix, 'COUNT', '1']],
    // Listeners ignore what is no message of ours.
    ...channels.map(({ name, option }) => [option, ['PUBLISH', name, '']] as const),
    ...options.map((option) => [option, touch(keyOf(option, prefix))] as const),
  ];
  const denied: DeniedCommand[] = [];
  for (const [option, args] of direct) {
    const { error } = await replyTo(server, args);
    if (error !== undefined) denied.push(...describeDenial(usage, option, args[0]!.toLowerCase(), error));
  }
  denied.push(...(await probeScripts(server, key, usage)));
  // What is refused altogether is not refused to an option.
  const rules = new Set(denied.filter(({ option }) => option === null).map(({ rule }) => rule));
  return denied.filter(({ option, rule }) => option === null || !rules.has(rule));
}

/** Returns the name of a key as the option has it. Nothing is written to it. */
function keyOf(option: ExtraOption, prefix: string): string {
  const names = new KeyNames(prefix);
  return option === 'audit' ? names.auditTrail(randomBytes(12).toString('base64url')) : names.stats('buckets');
}

async function probeScripts(server: RedisServer, key: string, usage: Usage): Promise<DeniedCommand[]> {
  const probes = [
    ...IN_SCRIPTS.map((command) => ({ option: null, command })),
    ...usage.options.flatMap((option) => EXTRA[option].map((command) => ({ option, command }))),
  ];
  const optionOf = new Map<string, string | null>(probes.map(({ option, command }) => [nameOf(command), option]));
  const commands = probes.flatMap(({ command }) => [...command, '']);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { reply, error } = await replyTo(server, ['EVAL', PROBE, '1', `${key}${attempt}`, ...commands]);
    if (error?.startsWith('MOVED ') === true) continue;
    if (error !== undefined) return describeDenial(usage, null, 'eval', error);
    const texts = (Array.isArray(reply) ? reply : []).map(String);
    return texts.flatMap((text, index) =>
      index % 2 === 0 ? describeDenial(usage, optionOf.get(text) ?? null, text, texts[index + 1] ?? '') : [],
    );
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
function ruleFor({ prefix, channels }: Usage, option: string | null, command: string, reply: string): string {
  const words = reply.replaceAll(/'[^']*'/g, '');
  if (/\bkeys?\b/i.test(words)) return `~${prefix}*`;
  const channel = channels.find((each) => each.option === option);
  return channel !== undefined && /\bchannels?\b/i.test(words) ? `&${channel.name}` : `+${command}`;
}

function describeDenial(usage: Usage, option: string | null, command: string, reply: string): DeniedCommand[] {
  return isDenial(reply) ? [{ command, option, rule: ruleFor(usage, option, command, reply), reply }] : [];
}

/** Returns whether a server says that this user may not do it. */
export function isDenial(reply: string): boolean {
  return DENIAL.test(reply);
}
