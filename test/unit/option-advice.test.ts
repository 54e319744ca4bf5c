// What the options of other session libraries, and mistakes that are easily made, are answered with.
import { describe, expect, it } from 'vitest';
import { createSessionFactory, createCreationTimeAwareSessionFactory, WebsaunaSession } from 'websauna-session';
import { sessionOptionsFromEnv, sessionOptionsFromSettings } from 'websauna-session';
import { normalizeOptions, type NormalizedOptions } from '../../src/options/normalize.ts';

const SECRET = 'a secret of thirty-two bytes, or more';
const DAY = 86_400;

function normalize(options: object): NormalizedOptions {
  return normalizeOptions({ secret: SECRET, ...options });
}

function message(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as Error).message;
  }
  return '';
}

describe('an option of another library', () => {
  it.each<[string, string]>([
    ['resave', 'only what changed is stored'],
    ['saveUninitialized', 'without content is never stored'],
    ['rolling', '`cookie.maxAge`'],
    ['genid', '`idGenerator`'],
    ['unset', '`session.logout()`'],
    ['proxy', '`trustProxy`'],
    ['name', '`cookie.name`'],
    ['key', '`cookie.name`'],
    ['keys', '`secret`'],
    ['ttl', '`timeout`'],
    ['disableTouch', '`touchInterval`'],
    ['disableTTL', '`absoluteTimeout: null`'],
    ['scanCount', '`factory.sessions.scan()`'],
    ['maxAge', '`cookie.maxAge`'],
    ['client', '`redis.client`'],
    ['cookieName', '`cookie.name`'],
    ['cookieOptions', '`cookie`'],
  ])('`%s` is refused with what to use instead', (name, advice) => {
    const refusal = message(() => normalize({ [name]: true }));
    expect(refusal).toContain(`got \`${name}\``);
    expect(refusal).toContain(advice);
    expect(refusal).not.toContain('Known are');
  });

  it.each<[string, string]>([
    ['expires', '`cookie.maxAge`'],
    ['signed', 'always signed'],
    ['overwrite', 'once'],
  ])('`cookie.%s` is refused with what to use instead', (name, advice) => {
    const refusal = message(() => normalize({ cookie: { [name]: true } }));
    expect(refusal).toContain(`got \`cookie.${name}\``);
    expect(refusal).toContain(advice);
    expect(refusal).not.toContain('Known are');
  });

  it('an unknown one still gets the list of names', () => {
    expect(message(() => normalize({ constructor: 1 }))).toContain('Known are secret');
    expect(message(() => normalize({ zzzzzzzzzzzz: 1 }))).toContain('Known are secret');
  });

  it('a store of express-session is refused with where its client goes', () => {
    const method = (): void => {};
    for (const store of [{ client: {} }, { get: method, set: method, destroy: method, touch: method }]) {
      const refusal = message(() => normalize({ store }));
      expect(refusal).toContain('express-session');
      expect(refusal).toContain('`redis: { client }`');
    }
  });
});

describe('milliseconds in place of seconds', () => {
  it.each([
    ['cookie.maxAge', { cookie: { maxAge: DAY * 1000 } }],
    ['timeout', { timeout: DAY * 1000, absoluteTimeout: null }],
    ['absoluteTimeout', { absoluteTimeout: DAY * 1000 }],
    ['maxTimeout', { maxTimeout: DAY * 1000 }],
    ['rotationGrace', { rotationGrace: 10_000 }],
  ])('%s: refused above what makes sense', (name, options) => {
    const refusal = message(() => normalize(options));
    expect(refusal).toContain(`\`${name}\``);
    expect(refusal).toMatch(/seconds, not milliseconds\?(?: Browsers keep|$)/);
  });

  it('400 days are the most that a cookie lasts in a browser, and that a limit can have', () => {
    const longest = 400 * DAY;
    const options = { timeout: longest, absoluteTimeout: longest, maxTimeout: longest, cookie: { maxAge: longest } };
    expect(normalize(options)).toMatchObject({
      timeout: longest,
      absoluteTimeout: longest,
      cookie: { maxAge: longest },
    });
    expect(normalize({ absoluteTimeout: null }).absoluteTimeout).toBeNull();
    expect(message(() => normalize({ cookie: { maxAge: longest + 1 } }))).toContain('400 days');
    expect(message(() => normalize({ timeout: -1 }))).not.toContain('milliseconds');
    expect(message(() => normalize({ timeout: 0.5 }))).not.toContain('milliseconds');
  });
});

describe('the default name of the cookie', () => {
  it.each<[object, string]>([
    [{}, 'session'],
    [{ secure: 'auto' }, 'session'],
    [{ secure: false }, 'session'],
    [{ secure: true }, '__Host-session'],
    [{ secure: true, path: '/' }, '__Host-session'],
    [{ secure: true, path: '/shop' }, '__Secure-session'],
    [{ secure: true, domain: 'example.com' }, '__Secure-session'],
    [{ secure: true, domain: null }, '__Host-session'],
    [{ secure: true, name: 'sid' }, 'sid'],
  ])('with %j is %s', (cookie, name) => {
    expect(normalize({ cookie }).cookie).toMatchObject({ template: { name } });
  });
});

describe('what is not an option', () => {
  it('a session class must extend WebsaunaSession', () => {
    class Shop extends WebsaunaSession {}
    expect(normalize({ sessionClass: Shop }).sessionClass).toBe(Shop);
    expect(normalize({ sessionClass: WebsaunaSession }).sessionClass).toBe(WebsaunaSession);
    for (const sessionClass of [Map, () => 1, {}, null]) {
      expect(message(() => normalize({ sessionClass }))).toContain('`sessionClass` to be a class that extends');
    }
  });

  it('options that are missing, a listener that is none, settings that are none', async () => {
    const create = createCreationTimeAwareSessionFactory as (options?: unknown) => unknown;
    for (const options of [undefined, null, 'secret']) {
      expect(message(() => create(options))).toContain('`options` to be an object');
      expect(message(() => createSessionFactory(options as never))).toContain('`options` to be an object');
    }
    const factory = createSessionFactory({ secret: SECRET });
    expect(message(() => factory.on('created', 'listener' as never))).toContain('`listener` to be a function');
    for (const read of [sessionOptionsFromSettings, sessionOptionsFromEnv] as ((...args: unknown[]) => unknown)[]) {
      await expect(read(undefined)).rejects.toThrow(/^Expected `(?:settings|env)` to be an object/);
      await expect(read({}, 5)).rejects.toThrow(/^Expected `prefix` to be a string/);
      await expect(read({}, 'a', 5)).rejects.toThrow(/^Expected `load` to be a function/);
    }
  });
});
