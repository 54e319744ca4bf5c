import { randomBytes } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { createSessionFactory, FACTORY, type SessionFactory } from '../factory.ts';
import { isObject, MAX_LIFETIME_SECONDS } from '../internal/validate.ts';
import type { SessionOptions } from '../options/options.ts';
import { sessionOptionsFromEnv } from '../options/settings.ts';
import { UsageError, messageOf, type Opened, type OptionValues } from './command.ts';
import { quote, textOption } from './parse-command-line.ts';

const PREFIX = 'REDIS_SESSIONS_';
/** Variables that say where the sessions are. */
const PLACES = ['URL', 'HOST', 'UNIX_SOCKET_PATH', 'CLIENT_CALLABLE'].map((name) => PREFIX + name);

/** Seconds that a command may take by default: no page waits for it. */
const COMMAND_TIMEOUT_SECONDS = 10;

/** As long as `audit.maxAge` can be. */
const LONGEST_TRAIL_SECONDS = 10 * MAX_LIFETIME_SECONDS;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Makes the factory that the command line or the environment describes.
 * @throws {UsageError} when neither says where the sessions are, or what they say is wrong
 */
export async function openConfiguration(options: OptionValues, env: Environment): Promise<Opened> {
  const module = textOption(options, 'factory');
  if (module === undefined) return openFromEnvironment(options, env);
  const others = ['redis', 'prefix', 'publish-ends', 'publish-events', 'audit', 'stats'].find(
    (name) => options[name] !== undefined && options[name] !== false,
  );
  if (others !== undefined) throw new UsageError(`Expected --factory or --${others}, got both. Leave one of them out`);
  return { factory: await importFactory(module), hasSecret: true };
}

async function openFromEnvironment(options: OptionValues, env: Environment): Promise<Opened> {
  const url =
    textOption(options, 'redis') ?? (PLACES.some((name) => env[name] !== undefined) ? undefined : env['REDIS_URL']);
  if (url === undefined && !PLACES.some((name) => env[name] !== undefined)) {
    throw new UsageError(
      'Expected to be told where the sessions are: pass --redis <url> or --factory <module>, or set REDIS_URL',
    );
  }
  const secret = env[`${PREFIX}SECRET`] ?? env['SESSION_SECRET'];
  try {
    const settings = { ...env, [`${PREFIX}SECRET`]: secret ?? randomBytes(32).toString('base64') };
    const given = await sessionOptionsFromEnv(settings, PREFIX);
    const { client, ...redis } = given.redis ?? {};
    const prefix = textOption(options, 'prefix');
    const factory = createSessionFactory({
      ...given,
      redis: {
        socketTimeout: COMMAND_TIMEOUT_SECONDS,
        ...redis,
        ...(url === undefined ? client !== undefined && { client } : { url }),
        ...(prefix !== undefined && { prefix }),
        ...(options['publish-ends'] === true && { publishEnds: true }),
      },
      // What only reads must not hide what the application keeps for longer than by default.
      ...(options['read-audit'] === true && { audit: { maxAge: LONGEST_TRAIL_SECONDS } }),
      ...statsOption(options, given.stats),
    });
    return { factory, hasSecret: secret !== undefined };
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message, { cause: error }) : error;
  }
}

function statsOption(options: OptionValues, given: SessionOptions['stats']): Pick<SessionOptions, 'stats'> {
  if (options['watch-events'] === true) return { stats: { ...(isObject(given) && given), publishEvents: true } };
  return options['read-stats'] === true && given === undefined ? { stats: true } : {};
}

async function importFactory(given: string): Promise<SessionFactory> {
  const [specifier = '', name] = given.split('#');
  const module = await importModule(specifier);
  const found = name === undefined ? (module['factory'] ?? module['default']) : module[name];
  const value: unknown = typeof found === 'function' ? await (found as () => unknown)() : found;
  if (isObject(value) && FACTORY in value) return value as unknown as SessionFactory;
  const what = name === undefined ? '`factory` or as default' : `\`${name}\``;
  throw new UsageError(
    `Expected ${quote(specifier)} to export a session factory as ${what}, or a function that returns one`,
  );
}

async function importModule(specifier: string): Promise<Readonly<Record<string, unknown>>> {
  const isPath = /^(?:\.{0,2}[/\\]|[a-z]:[/\\])/i.test(specifier);
  const url = isPath ? new URL(pathToFileURL(specifier)).href : specifier;
  try {
    return (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    const reason = messageOf(cause);
    throw new UsageError(`Expected ${quote(specifier)} to be a module that can be imported: ${reason}`, { cause });
  }
}
