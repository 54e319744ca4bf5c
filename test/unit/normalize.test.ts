import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeOptions, type NormalizedOptions } from '../../src/options/normalize.ts';
import { encrypted } from '../../src/serializers/encrypted.ts';
import { json } from '../../src/serializers/json.ts';
import { rich } from '../../src/serializers/rich.ts';
import type { CookieTemplate } from '../../src/cookie/set-cookie.ts';
import type { DefaultData } from '../../src/session/data.ts';
import { WebsaunaSession } from '../../src/session/session.ts';
import { STORE_METHODS } from '../support/plain-store.ts';

const SECRET = 'a secret of thirty-two bytes, or more';

function normalize(options: object = {}): NormalizedOptions {
  return normalizeOptions<DefaultData, WebsaunaSession>({ secret: SECRET, ...options });
}

/** Sets `cookie.name` in `{ cookie: { name } }`. */
function nested(option: string, value: unknown): object {
  const [outer, inner] = option.split('.') as [string, string?];
  return { [outer]: inner === undefined ? value : { [inner]: value } };
}

function templateOf({ cookie }: NormalizedOptions): CookieTemplate {
  if (typeof cookie === 'function') throw new Error('Expected one cookie for all requests');
  return cookie.template;
}

describe('defaults', () => {
  it('are filled in, and nothing is optional', () => {
    const options = normalize();
    expect(options).toMatchObject({
      secrets: [SECRET],
      timeout: 1200,
      maxTimeout: null,
      absoluteTimeout: 2_592_000,
      touchInterval: 60,
      rotationGrace: 10,
      maxAbsoluteTimeout: null,
      cookie: { maxAge: null, onException: true },
      transport: 'cookie',
      tokenHeader: 'x-session-token',
      vary: ['Cookie'],
      store: null,
      serializer: json,
      bytes: false,
      initialData: null,
      cookielessHeaders: ['expires', 'cache-control'],
      isCookieless: null,
      sessionClass: null,
      load: 'eager',
      onStoreError: 'fail',
      trustedHops: 0,
      invalidateBefore: null,
      maxSessionsPerOwner: null,
      onSessionLimit: 'evict-oldest',
      clientAddress: { anonymous: 'off', owned: 'full' },
      userAgent: { anonymous: 'off', owned: 'full' },
      onReuse: 'report',
      explainEnds: 0,
      watchInterval: 30,
      schema: null,
      maxSize: 1_048_576,
    });
    expect(templateOf(options).attributes).toEqual({
      name: 'session',
      path: '/',
      domain: null,
      secure: 'auto',
      httpOnly: true,
      sameSite: 'lax',
      partitioned: false,
      priority: null,
    });
    expect(Object.values(options)).not.toContain(undefined);
    expect(options.generateId()).toMatch(/^[\w-]{43}$/);
    expect(options.ignore('/a.js')).toBe(true);
  });

  it('hold where an option is undefined', () => {
    const undefineds = Object.fromEntries(
      Object.keys(RIGHT)
        .filter((name) => !name.includes('.'))
        .map((name) => [name, undefined]),
    );
    const cookie = Object.fromEntries(
      Object.keys(RIGHT)
        .filter((name) => name.startsWith('cookie.'))
        .map((name) => [name.slice(7), undefined]),
    );
    const {
      generateId: _,
      ignore: __,
      cookie: given,
      ...options
    } = normalize({ ...undefineds, cookie, secret: SECRET });
    const { generateId: ___, ignore: ____, cookie: standard, ...defaults } = normalize();
    expect(options).toEqual(defaults);
    expect(given).toEqual(standard);
  });
});

const isSeconds = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 34_560_000;
const isFunction = (value: unknown): boolean => typeof value === 'function';
const isEmptyObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const is =
  (...values: unknown[]): ((value: unknown) => boolean) =>
  (value) =>
    values.includes(value);

/** For every option, the values among those tried below that are right. */
const RIGHT: Record<string, (value: unknown) => boolean> = {
  secret: (value) => value === SECRET,
  timeout: (value) => isSeconds(value) && (value as number) <= 2_592_000,
  absoluteTimeout: (value) => value === null || isSeconds(value),
  maxTimeout: (value) => value === null,
  transport: is('both'),
  // Without a `transport` there is no such header.
  tokenHeader: () => false,
  touchInterval: (value) => typeof value === 'number' && value >= 0 && value < 1200,
  rotationGrace: (value) => typeof value === 'number' && value >= 0 && value <= 3600,
  maxAbsoluteTimeout: (value) => value === null || (isSeconds(value) && (value as number) >= 2_592_000),
  cookie: (value) => isFunction(value) || isEmptyObject(value),
  'cookie.name': (value) => typeof value === 'string' && /^[^ ]+$/.test(value),
  'cookie.maxAge': (value) => value === null || isSeconds(value),
  'cookie.path': is('/'),
  'cookie.domain': (value) => value === null || (typeof value === 'string' && /^[a-z\d-]+$/.test(value)),
  'cookie.secure': is(true, false, 'auto'),
  'cookie.httpOnly': isBoolean,
  // `none` needs a secure cookie.
  'cookie.sameSite': is('lax'),
  'cookie.partitioned': is(false),
  'cookie.priority': is('low'),
  'cookie.onException': isBoolean,
  store: () => false,
  serialize: () => false,
  deserialize: () => false,
  serializer: () => false,
  idGenerator: isFunction,
  initialData: (value) =>
    isFunction(value) ||
    (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Promise)),
  cookielessHeaders: (value) =>
    isFunction(value) || (Array.isArray(value) && value.every((name) => name === 'expires')),
  ignore: (value) => value === false || isFunction(value) || isEmptyObject(value),
  sessionClass: is(WebsaunaSession),
  load: is('lazy'),
  bypassCache: isFunction,
  onStoreError: is('anonymous'),
  trustProxy: (value) => isBoolean(value) || (Number.isSafeInteger(value) && (value as number) >= 0),
  invalidateBefore: isFunction,
  maxSessionsPerOwner: (value) => value === null || (Number.isSafeInteger(value) && (value as number) >= 1),
  onSessionLimit: is('refuse'),
  clientAddress: (value) => value === 'off' || isEmptyObject(value),
  'clientAddress.anonymous': is('off'),
  'clientAddress.owned': is('off'),
  userAgent: (value) => value === 'off' || isEmptyObject(value),
  'userAgent.anonymous': is('off'),
  'userAgent.owned': is('off'),
  onReuse: is('end-session'),
  explainEnds: (value) => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 34_560_000,
  watchInterval: (value) => typeof value === 'number' && value >= 0.05 && value <= 86_400,
  // With an object of the samples, an empty one, there is nothing to be wrong.
  schema: (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0,
  // Those say something only beside `schema` and each other; test/unit/schema.test.ts has them.
  schemaVersion: is(0),
  migrate: () => false,
  maxSize: (value) => value === null || (Number.isSafeInteger(value) && (value as number) >= 1),
};

const NUMBERS = [0, 1, 30, -1, 0.5, 59.5, 1e9, 1e13, Number.NaN, Infinity, -Infinity];
const TEXTS = [
  '',
  'misplaced-secret',
  '30',
  'true',
  '/',
  'lax',
  'low',
  'lazy',
  'anonymous',
  'refuse',
  'auto',
  'none',
  'off',
  'end-session',
  'both',
];
const OBJECTS = [
  [],
  ['expires'],
  [1],
  [undefined],
  {},
  { unknown: 1 },
  new Map(),
  new Date(0),
  /x/,
  Promise.resolve(1),
];
const OTHERS = [null, true, false, 1n, Symbol('s'), () => 1, Map, new Uint8Array(32), SECRET, WebsaunaSession];
const TRIED: readonly unknown[] = [...NUMBERS, ...TEXTS, ...OBJECTS, ...OTHERS];

describe('every option', () => {
  it.each(Object.keys(RIGHT))('%s: takes what is right and refuses everything else', (option) => {
    for (const value of TRIED) {
      const refusal = message(() => normalize(nested(option, value)));
      expect([value, refusal === '']).toEqual([value, RIGHT[option]!(value)]);
      if (refusal !== '') expect(refusal).toMatch(new RegExp(`^Expected .*\`${option}\\b`));
    }
  });

  it('is refused by a TypeError or accepted, and never repeated', () => {
    const options = Object.keys(RIGHT).filter(
      (option) => !/serialize|store|initialData|ignore|cookielessHeaders|cookie$/.test(option),
    );
    fc.assert(
      fc.property(fc.constantFrom(...options), fc.anything(), (option, value) => {
        expect(message(() => normalize(nested(option, value)))).toMatch(/^$|^Expected `/);
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...options), fc.stringMatching(/^[a-z]{4} [\w!]{8,20}$/), (option, value) => {
        expect(message(() => normalize(nested(option, value)))).not.toContain(value);
      }),
    );
  });

  it.each([undefined, null, 'secret', 1, [], () => ({})])('cannot be given in %j', (options) => {
    expect(() => normalizeOptions(options as never)).toThrow(/^Expected `options` to be an object/);
  });

  it.each([
    ['timeOut', 'timeout'],
    ['absolute_timeout', 'absoluteTimeout'],
    ['cookie_name', 'cookie.name'],
    ['cookieMaxAge', 'cookie.maxAge'],
    ['secrets', 'secret'],
    ['id_generator', 'idGenerator'],
  ])('has a known name: %s', (name, meant) => {
    expect(() => normalize({ [name]: 1 })).toThrow(`got \`${name}\`. Did you mean \`${meant}\`?`);
  });

  it('has a known name inside of cookie and ignore too', () => {
    expect(() => normalize({ cookie: { httponly: true } })).toThrow('Did you mean `cookie.httpOnly`?');
    expect(() => normalize({ ignore: { exept: [] } })).toThrow('Did you mean `ignore.except`?');
    expect(() => normalize({ resaved: true })).toThrow(/got `resaved`\. Known are secret, timeout, /);
  });
});

function message(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as Error).message;
  }
  return '';
}

describe('secret', () => {
  it('is one or several, each counted in bytes', () => {
    expect(normalize({ secret: [SECRET, 'x'.repeat(32), SECRET] }).secrets).toEqual([SECRET, 'x'.repeat(32)]);
    expect(normalize({ secret: '\u20ac'.repeat(11) }).secrets).toEqual(['\u20ac'.repeat(11)]);
  });

  it.each([[undefined], ['short'], ['x'.repeat(31)], [[]], [[SECRET, 'short']], [[SECRET, 1]], [new Uint8Array(32)]])(
    'refuses case %#, and says how to make one',
    (secret) => {
      expect(() => normalize({ secret })).toThrow(/^Expected `secret.*openssl rand -base64 32/);
    },
  );
});

describe('times', () => {
  it('belong together', () => {
    expect(() => normalize({ timeout: 100, absoluteTimeout: 99 })).toThrow(
      /`absoluteTimeout` to be at least `timeout`/,
    );
    expect(() => normalize({ timeout: 2_592_001 })).toThrow(/`absoluteTimeout` to be at least `timeout`/);
    expect(() => normalize({ timeout: 30, maxTimeout: 29 })).toThrow(/`maxTimeout` to be at least `timeout`/);
    expect(() => normalize({ timeout: 30, touchInterval: 30 })).toThrow(/`touchInterval` to be less than `timeout`/);
    expect(normalize({ timeout: 2_592_001, absoluteTimeout: null }).absoluteTimeout).toBeNull();
    expect(normalize({ timeout: 100, absoluteTimeout: 100 }).timeout).toBe(100);
  });

  it('follow each other where they are not given', () => {
    expect(normalize({ absoluteTimeout: 600 }).timeout).toBe(600);
    expect(normalize({ timeout: 20 }).touchInterval).toBe(2);
    expect(normalize({ timeout: 3600 }).touchInterval).toBe(60);
  });
});

describe('ends', () => {
  it('of all sessions of an owner need a store that finds them', () => {
    const store = Object.fromEntries(STORE_METHODS.map((method) => [method, () => undefined]));
    expect(() => normalize({ store, onReuse: 'end-owner' })).toThrow(
      /^Expected `onReuse` to be 'report' or 'end-session', got a string\. .*it has no `revokeOwned`/,
    );
    expect(normalize({ store, onReuse: 'end-session' }).onReuse).toBe('end-session');
  });
});

describe('store', () => {
  const store = Object.fromEntries(STORE_METHODS.map((method) => [method, () => undefined]));

  it('is taken as it is', () => {
    expect(normalize({ store }).store).toBe(store);
  });

  it.each(Object.keys(store))('must have %s()', (method) => {
    expect(() => normalize({ store: { ...store, [method]: undefined } })).toThrow(
      `Expected \`store.${method}\` to be a method`,
    );
  });

  it('excludes redis', () => {
    expect(() => normalize({ store, redis: {} })).toThrow(/`store` and `redis`, got both/);
  });
});

describe('serializer', () => {
  it('reports whether it returns bytes', () => {
    const serialize = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
    const deserialize = (stored: unknown): unknown => JSON.parse(String(stored));
    expect(normalize({ serialize, deserialize }).bytes).toBe(true);
    expect(normalize({ serializer: { serialize, deserialize } }).bytes).toBe(true);
    expect(normalize({ serialize: JSON.stringify, deserialize: JSON.parse }).bytes).toBe(false);
    expect(normalize({ serializer: encrypted({ key: Buffer.from(SECRET).subarray(0, 32) }) }).bytes).toBe(false);
  });

  it.each<[string, object, RegExp]>([
    ['without deserialize', { serialize: JSON.stringify }, /^Expected `deserialize` to be/],
    ['without serialize', { deserialize: JSON.parse }, /^Expected `serialize` to be/],
    ['beside serialize', { serializer: json, serialize: JSON.stringify }, /^Expected `serializer` to stand alone/],
    ['half', { serializer: { serialize: JSON.stringify } }, /^Expected `serializer` to be an object with/],
    ['uncalled', { serializer: rich }, /^Expected `serializer` to be .*, got a function\. Call it: `rich\(\)`/],
    [
      'returning a promise',
      { serialize: async () => '', deserialize: JSON.parse },
      /`serialize` to be synchronous, got a promise/,
    ],
    [
      'failing later',
      { serialize: () => Promise.reject(new Error('x')), deserialize: JSON.parse },
      /to be synchronous/,
    ],
    ['reading a promise', { serialize: JSON.stringify, deserialize: async () => 1 }, /`deserialize` to be synchronous/],
    [
      'returning an object',
      { serialize: (value: unknown) => value, deserialize: (value: unknown) => value },
      /returns a string or a Uint8Array, got an object/,
    ],
    ['throwing', { serialize: () => { throw new Error('x'); }, deserialize: JSON.parse }, /`serialize` to work on plain data/], // prettier-ignore
    ['not reversing', { serialize: JSON.stringify, deserialize: () => ({}) }, /`deserialize` to reverse `serialize`/],
    ['reading wrong', { serialize: String, deserialize: JSON.parse }, /`deserialize` to work on plain data/],
  ])('is refused %s', (_, options, error) => {
    expect(() => normalize(options)).toThrow(TypeError);
    expect(() => normalize(options)).toThrow(error);
  });
});

describe('idGenerator', () => {
  it('is not called before an id is needed, and checked then', () => {
    const ids = ['x'.repeat(43), 'short'];
    const { generateId } = normalize({ idGenerator: () => ids.shift() });
    expect(generateId()).toBe('x'.repeat(43));
    expect(generateId).toThrow(expect.objectContaining({ code: 'ERR_SESSION_ID_GENERATOR' }));
  });
});

describe('initialData', () => {
  it('shares nothing between sessions', () => {
    const cart = ['one'];
    for (const initialData of [{ cart, views: 0 }, () => ({ cart, views: 0 })]) {
      const options = normalize({ initialData });
      const first = options.initialData!(undefined);
      (first['cart'] as string[]).push('two');
      expect(options.initialData!(undefined)).toEqual({ cart: ['one'], views: 0 });
    }
    expect(cart).toEqual(['one']);
  });

  it('receives the request', () => {
    const options = normalize({ initialData: (request: unknown) => ({ request }) });
    expect(options.initialData!('request')).toEqual({ request: 'request' });
  });

  it.each([{ a: undefined }, { a: () => 1 }, { a: Symbol('a') }])('cannot have a value like that: %j', (data) => {
    expect(() => normalize({ initialData: data })).toThrow(
      /^Expected `initialData\.a` to be a value that can be stored/,
    );
    expect(() => normalize({ initialData: () => data }).initialData!(null)).toThrow(/^Expected `initialData\.a`/);
  });

  it.each(['', '\ud800'])('cannot have a name that no field has: %j', (name) => {
    expect(() => normalize({ initialData: { [name]: 1 } })).toThrow(
      /^Expected `initialData` to be an object of fields/,
    );
  });

  it('fails early where it cannot be serialised, and late where a function returns no object', () => {
    expect(() => normalize({ initialData: { a: { b: 1n } } })).toThrow(
      expect.objectContaining({ code: 'ERR_SESSION_SERIALIZE' }),
    );
    for (const value of [1n, Number.NaN, new Date(0)]) {
      expect(() => normalize({ initialData: { a: value } })).toThrow(/Cannot write session field `a` as JSON/);
    }
    for (const data of [null, 1, [], Promise.resolve({})]) {
      expect(() => normalize({ initialData: () => data }).initialData!(null)).toThrow(
        /^Expected `initialData` to be an object/,
      );
    }
  });

  it('cannot reach a prototype', () => {
    const data = normalize({ initialData: JSON.parse('{"__proto__":{"admin":true}}') }).initialData!(null);
    expect(data['admin']).toBeUndefined();
    expect(Object.keys(data)).toEqual(['__proto__']);
  });
});

describe('the rest', () => {
  it('is brought into one form', () => {
    expect(normalize({ cookielessHeaders: ['Expires', 'ETag'] }).cookielessHeaders).toEqual(['expires', 'etag']);
    const isCookieless = (): boolean => true;
    expect(normalize({ cookielessHeaders: isCookieless })).toMatchObject({ cookielessHeaders: [], isCookieless });
    expect(normalize({ ignore: false }).ignore('/a.js')).toBe(false);
    expect(normalize({ ignore: { extensions: ['.css'] } }).ignore('/a.js')).toBe(false);
    expect(normalize({ ignore: (url: string) => url === '/health' }).ignore('/health')).toBe(true);
    expect(normalize({ trustProxy: true }).trustedHops).toBe(1);
    expect(normalize({ trustProxy: false }).trustedHops).toBe(0);
    expect(normalize({ trustProxy: 3 }).trustedHops).toBe(3);
    expect(() => normalize({ cookielessHeaders: ['a b'] })).toThrow(/`cookielessHeaders\[0\]`/);
    expect(() => normalize({ cookie: { sameSite: 'Lax' } })).toThrow(/Did you mean 'lax'/);
  });
});
