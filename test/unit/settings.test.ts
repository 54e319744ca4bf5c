import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { normalizeOptions } from '../../src/options/normalize.ts';
import type { SessionOptions } from '../../src/options/options.ts';
import { sessionOptionsFromEnv, sessionOptionsFromSettings } from '../../src/options/settings.ts';
import * as callables from './fixtures/settings-callables.ts';

const SECRET = 'a secret of thirty-two bytes, or more';
const MODULE = new URL('fixtures/settings-callables.ts', import.meta.url).href;

/** The options of a few settings beside the secret. */
async function optionsOf(settings: Record<string, unknown>): Promise<Record<string, unknown>> {
  const prefixed = Object.entries(settings).map(([name, value]) => [`redis.sessions.${name}`, value]);
  const options = await sessionOptionsFromSettings({
    'redis.sessions.secret': SECRET,
    ...Object.fromEntries(prefixed),
  });
  return options as unknown as Record<string, unknown>;
}

describe('the settings of Websauna', () => {
  it.each<[string, string, object]>([
    ['timeout', '900', { timeout: 900 }],
    ['cookie_name', 'sid', { cookie: { name: 'sid' } }],
    ['cookie_max_age', '3600', { cookie: { maxAge: 3600 } }],
    ['cookie_max_age', 'None', { cookie: { maxAge: null } }],
    ['cookie_max_age', '', { cookie: { maxAge: null } }],
    ['cookie_path', '/app', { cookie: { path: '/app' } }],
    ['cookie_domain', 'example.com', { cookie: { domain: 'example.com' } }],
    ['cookie_domain', 'none', { cookie: { domain: null } }],
    ['cookie_secure', 'auto', { cookie: { secure: 'auto' } }],
    ['cookie_secure', 'True', { cookie: { secure: true } }],
    ['cookie_httponly', 'off', { cookie: { httpOnly: false } }],
    ['cookie_on_exception', 'no', { cookie: { onException: false } }],
    ['prefix', 'app:', { redis: { prefix: 'app:' } }],
    ['url', 'redis://localhost:6379/0', { redis: { url: 'redis://localhost:6379/0' } }],
    ['host', '127.0.0.1', { redis: { host: '127.0.0.1' } }],
    ['port', '6380', { redis: { port: 6380 } }],
    ['db', '2', { redis: { db: 2 } }],
    ['password', ' p#a s ', { redis: { password: ' p#a s ' } }],
    ['socket_timeout', '0.5', { redis: { socketTimeout: 0.5 } }],
    ['connection_pool', '8', { redis: { pool: { min: 1, max: 8 } } }],
    ['connection_pool', '2-8', { redis: { pool: { min: 2, max: 8 } } }],
    ['encoding', 'UTF-8', { redis: { encoding: 'utf-8' } }],
    ['encoding_errors', 'strict', { redis: { encodingErrors: 'strict' } }],
    ['unix_socket_path', '/run/redis.sock', { redis: { unixSocketPath: '/run/redis.sock' } }],
    ['client_callable', `${MODULE}#getClient`, { redis: { client: callables.getClient } }],
    ['serialize', `${MODULE}#serialize`, { serialize: callables.serialize }],
    ['deserialize', `${MODULE}#deserialize`, { deserialize: callables.deserialize }],
    ['id_generator', `${MODULE}#newId`, { idGenerator: callables.newId }],
    [
      'cookieless_headers',
      'expires, etag\n  last-modified',
      { cookielessHeaders: ['expires', 'etag', 'last-modified'] },
    ],
    ['cookieless_headers', '', { cookielessHeaders: [] }],
    ['cookieless_headers', `${MODULE}#isCookieless`, { cookielessHeaders: callables.isCookieless }],
    ['klass', `${MODULE}#AppSession`, { sessionClass: callables.AppSession }],
  ])('%s = %j', async (name, value, expected) => {
    expect(await optionsOf({ [name]: value })).toEqual({ secret: SECRET, redis: {}, ...expected });
  });

  it.each([
    'url',
    'password',
    'unix_socket_path',
    'socket_timeout',
    'connection_pool',
    'client_callable',
    'id_generator',
    'klass',
  ])('%s may be none', async (name) => {
    expect(await optionsOf({ [name]: 'none' })).toEqual({ secret: SECRET, redis: {} });
    expect(await optionsOf({ [name]: '' })).toEqual({ secret: SECRET, redis: {} });
    expect(await optionsOf({ [name]: null })).toEqual({ secret: SECRET, redis: {} });
  });

  it.each([
    [true, ['true', 'yes', 'on', '1', 't', 'y', 'TRUE', ' Yes ']],
    [false, ['false', 'no', 'off', '0', 'f', 'n', 'False', 'N']],
  ])('read %j in all its words', async (value, words) => {
    for (const word of words)
      expect(await optionsOf({ cookie_httponly: word })).toMatchObject({ cookie: { httpOnly: value } });
  });
});

describe('the settings of this library', () => {
  it.each<[string, string, object]>([
    ['old_secrets', 'one, two', { secret: [SECRET, 'one', 'two'] }],
    ['old_secrets', '', { secret: [SECRET] }],
    ['absolute_timeout', '86400', { absoluteTimeout: 86400 }],
    ['absolute_timeout', 'none', { absoluteTimeout: null }],
    ['max_timeout', '3600', { maxTimeout: 3600 }],
    ['max_timeout', 'none', { maxTimeout: null }],
    ['touch_interval', '1.5', { touchInterval: 1.5 }],
    ['rotation_grace', '0', { rotationGrace: 0 }],
    ['cookie_same_site', 'None', { cookie: { sameSite: 'none' } }],
    ['cookie_partitioned', 'on', { cookie: { partitioned: true } }],
    ['cookie_priority', 'High', { cookie: { priority: 'high' } }],
    ['username', 'app', { redis: { username: 'app' } }],
    ['cache', 'true', { redis: { cache: true } }],
    ['publish_ends', 'true', { redis: { publishEnds: true } }],
    ['ignore', 'false', { ignore: false }],
    ['ignore', `${MODULE}#isIgnored`, { ignore: callables.isIgnored }],
    ['ignore_extensions', '.js .css', { ignore: { extensions: ['.js', '.css'] } }],
    ['ignore_except', '/notebook/', { ignore: { except: ['/notebook/'] } }],
    ['load', 'lazy', { load: 'lazy' }],
    ['bypass_cache', `${MODULE}#isIgnored`, { bypassCache: callables.isIgnored }],
    ['on_store_error', 'anonymous', { onStoreError: 'anonymous' }],
    ['trust_proxy', '2', { trustProxy: 2 }],
    ['trust_proxy', 'yes', { trustProxy: true }],
    ['max_sessions_per_owner', '5', { maxSessionsPerOwner: 5 }],
    ['max_sessions_per_owner', 'none', { maxSessionsPerOwner: null }],
    ['on_session_limit', 'refuse', { onSessionLimit: 'refuse' }],
    ['client_address', 'Truncated', { clientAddress: 'truncated' }],
    ['user_agent', 'off', { userAgent: 'off' }],
    ['on_reuse', 'end-owner', { onReuse: 'end-owner' }],
    ['explain_ends', '3600', { explainEnds: 3600 }],
    ['watch_interval', '2.5', { watchInterval: 2.5 }],
  ])('%s = %j', async (name, value, expected) => {
    expect(await optionsOf({ [name]: value })).toEqual({ secret: SECRET, redis: {}, ...expected });
  });

  it('fit together with those of Websauna', async () => {
    const options = await optionsOf({
      cookie_name: '__Host-s',
      cookie_same_site: 'strict',
      timeout: '60',
      klass: `${MODULE}#AppSession`,
    });
    const normalized = normalizeOptions(options as unknown as SessionOptions);
    expect(normalized).toMatchObject({ timeout: 60, sessionClass: callables.AppSession });
    const attributes = { name: '__Host-s', sameSite: 'strict', secure: true };
    expect(normalized.cookie).toMatchObject({ template: { attributes } });
  });
});

describe('mistakes', () => {
  it.each<[string, string]>([
    ['timeout', 'soon'],
    ['timeout', ''],
    ['timeout', '1.5'],
    ['timeout', '1e3'],
    ['timeout', '0x10'],
    ['port', 'none'],
    ['socket_timeout', '1s'],
    ['cookie_httponly', 'maybe'],
    ['cookie_secure', 'sometimes'],
    ['host', ''],
    ['connection_pool', 'many'],
    ['connection_pool', '2-'],
    ['client_callable', 'getClient'],
    ['client_callable', '#getClient'],
    ['client_callable', 'module#'],
    ['ignore', 'true'],
    ['trust_proxy', 'some'],
  ])('%s = %j is refused under its whole name, and not repeated', async (name, value) => {
    const error = await optionsOf({ [name]: value }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toMatch(`Expected \`redis.sessions.${name}\` to be `);
    if (value.length > 4) expect(String(error)).not.toContain(`got ${value}`);
  });

  it('a misspelt name finds the right one', async () => {
    await expect(optionsOf({ cookie_http_only: '1' })).rejects.toThrow(
      'got `redis.sessions.cookie_http_only`. Did you mean `redis.sessions.cookie_httponly`?',
    );
    await expect(optionsOf({ nonsense: '1' })).rejects.toThrow(/Known are redis\.sessions\.secret, /);
    await expect(optionsOf({ __proto__x: '1', constructor: '1' })).rejects.toThrow(TypeError);
  });

  it('no secret: refused, with advice', async () => {
    await expect(sessionOptionsFromSettings({})).rejects.toThrow(/^Expected `redis\.sessions\.secret`.*openssl/);
    await expect(sessionOptionsFromEnv({})).rejects.toThrow(/^Expected `REDIS_SESSIONS_SECRET`.*openssl/);
    await expect(sessionOptionsFromSettings({ 'redis.sessions.secret': '' })).rejects.toThrow(/secret`/);
  });

  it('prefix excludes id_generator, and ignore its parts', async () => {
    await expect(optionsOf({ prefix: 'app:', id_generator: `${MODULE}#newId` })).rejects.toThrow(
      'Expected one of `redis.sessions.prefix` and `redis.sessions.id_generator`, got both',
    );
    await expect(optionsOf({ ignore: 'false', ignore_except: '/a/' })).rejects.toThrow(/got both/);
  });

  it('a callable that cannot be imported, or is not exported', async () => {
    const error = await optionsOf({ serialize: './does-not-exist.js#serialize' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'TypeError', cause: expect.anything() });
    expect(String(error)).toContain('Expected `redis.sessions.serialize` to name a module that can be imported');
    await expect(optionsOf({ serialize: `${MODULE}#nothing` })).rejects.toThrow(/no such export/);
    await expect(optionsOf({ serialize: `${MODULE}#absent` })).rejects.toThrow(/no such export/);
  });
});

describe('where settings come from', () => {
  it('only keys under the prefix are looked at', async () => {
    const settings = { 'redis.sessions.secret': SECRET, 'redis.timeout': 'soon', timeout: 'soon', other: 1 };
    expect(await sessionOptionsFromSettings(settings)).toEqual({ secret: SECRET, redis: {} });
    expect(await sessionOptionsFromSettings({ 'app.secret': SECRET, 'app.timeout': '5' }, 'app.')).toEqual({
      secret: SECRET,
      redis: {},
      timeout: 5,
    });
  });

  it('values of other types are taken as they are', async () => {
    const options = await optionsOf({
      timeout: 60,
      cookie_httponly: false,
      serialize: callables.serialize,
      url: undefined,
    });
    expect(options).toMatchObject({
      timeout: 60,
      cookie: { httpOnly: false },
      serialize: callables.serialize,
      redis: {},
    });
  });

  it('the environment has the same names in upper case', async () => {
    const env = {
      REDIS_SESSIONS_SECRET: SECRET,
      REDIS_SESSIONS_COOKIE_HTTPONLY: 'no',
      REDIS_SESSIONS_DB: undefined,
      HOME: '/',
    };
    expect(await sessionOptionsFromEnv(env)).toEqual({ secret: SECRET, redis: {}, cookie: { httpOnly: false } });
    expect(await sessionOptionsFromEnv({ APP_SECRET: SECRET }, 'APP_')).toEqual({ secret: SECRET, redis: {} });
    await expect(sessionOptionsFromEnv({ REDIS_SESSIONS_TIMEOUT: 'x' })).rejects.toThrow('`REDIS_SESSIONS_TIMEOUT`');
    await expect(sessionOptionsFromEnv({ REDIS_SESSIONS_TIMOUT: '1' })).rejects.toThrow(
      'mean `REDIS_SESSIONS_TIMEOUT`',
    );
  });

  it('callables come from packages, URLs, and paths relative to the working directory', async () => {
    const relative = `./${fileURLToPath(MODULE).slice(process.cwd().length + 1)}`;
    expect(pathToFileURL(relative).href).toBe(MODULE);
    for (const specifier of [relative, fileURLToPath(MODULE), MODULE]) {
      expect(await optionsOf({ serialize: `${specifier}#serialize` })).toMatchObject({
        serialize: callables.serialize,
      });
    }
    const { format } = await import('node:util');
    expect(await optionsOf({ serialize: 'node:util#format' })).toMatchObject({ serialize: format });
  });

  it('callables can be imported by the application itself, also under its own #names', async () => {
    const asked: string[] = [];
    const load = async (specifier: string): Promise<unknown> => {
      asked.push(specifier);
      return callables;
    };
    const settings = { 's.secret': SECRET, 's.serialize': '#app/session#serialize' };
    expect(await sessionOptionsFromSettings(settings, 's.', load)).toMatchObject({ serialize: callables.serialize });
    expect(asked).toEqual(['#app/session']);
  });
});
