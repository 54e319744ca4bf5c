import { suggestName } from '../internal/did-you-mean.ts';
import { isNone, SETTINGS, type Setting } from './settings-schema.ts';
import { expected, isObject, sanitizeForMessage } from '../internal/validate.ts';
import type { SessionOptions } from './options.ts';

/** Imports a module for settings that name a callable; for example `(specifier) => import(specifier)`. */
export type ModuleLoader = (specifier: string) => Promise<unknown>;

/**
 * Options for `createSessionFactory` from flat settings, as configuration files have them: Websauna's own
 * names, such as `redis.sessions.cookie_httponly`, and this library's further options in the same style.
 * Values are strings: `true yes on 1 t y` and `false no off 0 f n`, numbers in seconds, lists with spaces
 * or commas, `none` or nothing at all for null. A value of another type is taken as it is. Callables are
 * `module-specifier#export` and are imported, which is why this is asynchronous.
 *
 * @param settings - Any object of settings; only keys that begin with `prefix` are looked at.
 * @param prefix - Default `redis.sessions.`.
 * @param load - Imports modules. By default paths are relative to the working
 * directory; pass `(specifier) => import(specifier)` to resolve them, and packages, from your own module.
 * @returns What `createSessionFactory` takes and checks.
 * @throws TypeError for an unknown name, with the nearest known one, for a value that cannot be read, for
 * a missing `secret`, and for `prefix` together with `id_generator`.
 * @example
 * ```ts
 * const settings = { 'redis.sessions.secret': secret, 'redis.sessions.timeout': '1200' };
 * const factory = createSessionFactory(await sessionOptionsFromSettings(settings));
 * ```
 */
export async function sessionOptionsFromSettings(
  settings: Readonly<Record<string, unknown>>,
  prefix = 'redis.sessions.',
  load: ModuleLoader = importModule,
): Promise<SessionOptions> {
  checkArguments('settings', settings, prefix, load);
  return readSettings(pickPrefixed(settings, prefix), (name) => prefix + name, load);
}

/**
 * {@link sessionOptionsFromSettings} from environment variables: `REDIS_SESSIONS_SECRET` and so on.
 *
 * @param env - Usually `process.env`.
 * @param prefix - Default `REDIS_SESSIONS_`.
 * @param load - As for {@link sessionOptionsFromSettings}.
 * @throws TypeError likewise.
 * @example
 * ```ts
 * const factory = createSessionFactory(await sessionOptionsFromEnv(process.env));
 * ```
 */
export async function sessionOptionsFromEnv(
  env: Readonly<Record<string, string | undefined>>,
  prefix = 'REDIS_SESSIONS_',
  load: ModuleLoader = importModule,
): Promise<SessionOptions> {
  checkArguments('env', env, prefix, load);
  const lowerCase = pickPrefixed(env, prefix).map(([name, value]): NamedSetting => [name.toLowerCase(), value]);
  return readSettings(lowerCase, (name) => prefix + name.toUpperCase(), load);
}

function checkArguments(name: string, settings: unknown, prefix: unknown, load: unknown): void {
  if (!isObject(settings)) throw expected(name, 'an object of settings', settings);
  if (typeof prefix !== 'string') throw expected('prefix', 'a string', prefix);
  if (typeof load !== 'function') throw expected('load', 'a function that imports a module', load);
}

/** A setting's name without the prefix, and its value. */
type NamedSetting = readonly [name: string, value: unknown];
/** Returns a setting's name as the application wrote it, for messages. */
type FormatName = (name: string) => string;

function pickPrefixed(settings: Readonly<Record<string, unknown>>, prefix: string): NamedSetting[] {
  return Object.entries(settings)
    .filter(([key, value]) => key.startsWith(prefix) && value !== undefined)
    .map(([key, value]) => [key.slice(prefix.length), value]);
}

async function readSettings(
  given: readonly NamedSetting[],
  formatName: FormatName,
  load: ModuleLoader,
): Promise<SessionOptions> {
  // Settings are about Redis, on this machine when they do not say where; never about the memory store.
  const options: Record<string, unknown> = { redis: {} };
  const names = new Set<string>();
  for (const [name, value] of given) {
    const setting = SETTINGS.get(name);
    if (setting === undefined) throw unknownSetting(name, formatName);
    names.add(name);
    const read = typeof value === 'string' ? await readText(setting, formatName(name), value, load) : value;
    if (read === null && setting.none === 'absent') continue;
    if (read !== undefined) assign(options, setting.option, read);
  }
  for (const [one, other] of MUTUALLY_EXCLUSIVE) {
    if (!names.has(one) || !names.has(other)) continue;
    throw new TypeError(
      `Expected one of \`${formatName(one)}\` and \`${formatName(other)}\`, got both. Leave one of them out`,
    );
  }
  joinSecrets(options, formatName('secret'));
  // `createSessionFactory` checks every option, wherever it comes from.
  return options as unknown as SessionOptions;
}

/** Websauna's `prefix` is built into its id generator; the others say one thing in two ways. */
const MUTUALLY_EXCLUSIVE = [
  ['prefix', 'id_generator'],
  ['audit', 'audit_max_age'],
  ['audit', 'audit_max_entries'],
  ['stats', 'stats_keep'],
  ['stats', 'stats_flush_interval'],
  ['stats', 'stats_publish_events'],
  ['ignore', 'ignore_extensions'],
  ['ignore', 'ignore_except'],
] as const;

function unknownSetting(name: string, formatName: FormatName): TypeError {
  const meant = suggestName(name, SETTINGS.keys());
  const advice =
    meant === undefined
      ? `Known are ${[...SETTINGS.keys()].map(formatName).join(', ')}`
      : `Did you mean \`${formatName(meant)}\`?`;
  return new TypeError(`Expected known settings only, got \`${formatName(sanitizeForMessage(name))}\`. ${advice}`);
}

function joinSecrets(options: Record<string, unknown>, key: string): void {
  const { secret, oldSecrets } = options;
  delete options.oldSecrets;
  if (secret === undefined) {
    throw expected(key, 'a string of 32 bytes or more', secret, 'Make one with `openssl rand -base64 32`');
  }
  if (Array.isArray(oldSecrets)) options.secret = [secret, ...oldSecrets];
}

/** Returns a setting's value; `undefined` leaves the option out. */
async function readText(setting: Setting, key: string, text: string, load: ModuleLoader): Promise<unknown> {
  if (setting.none !== undefined && isNone(text)) return setting.none === 'null' ? null : undefined;
  const value = setting.read?.(text.trim(), text);
  if (value !== undefined) return value;
  if (!setting.callable) throw expected(key, setting.what, text);
  return importExport(key, setting.what, text.trim(), load);
}

async function importExport(key: string, what: string, text: string, load: ModuleLoader): Promise<unknown> {
  // The last one: the specifiers of a package's own `imports` begin with a `#`.
  const hash = text.lastIndexOf('#');
  if (hash < 1 || hash === text.length - 1) throw expected(key, what, text);
  let module: unknown;
  try {
    module = await load(text.slice(0, hash));
  } catch (cause) {
    throw new TypeError(`Expected \`${key}\` to name a module that can be imported, got an error from importing it`, {
      cause,
    });
  }
  const name = text.slice(hash + 1);
  const found = (module as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  if (found === undefined)
    throw new TypeError(`Expected \`${key}\` to name an export, got a module that has no such export`);
  return found;
}

async function importModule(specifier: string): Promise<unknown> {
  let found = specifier;
  if (/^\.{0,2}\//.test(specifier)) {
    const { pathToFileURL } = await import('node:url');
    found = new URL(specifier, `${pathToFileURL(process.cwd()).href}/`).href;
  }
  return import(found);
}

function assign(options: Record<string, unknown>, option: string, value: unknown): void {
  const [outer, inner] = option.split('.') as [string, string?];
  if (inner === undefined) options[outer] = value;
  else options[outer] = { ...(options[outer] as object | undefined), [inner]: value };
}
