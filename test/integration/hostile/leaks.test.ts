import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createSessionFactory,
  type SessionEventName,
  type SessionFactory,
  type SessionOptions,
  type WebsaunaSession,
} from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import { createRedisStore } from 'websauna-session/redis';
import { startRedis, startReplica, type RedisServer } from '../../support/redis-server.ts';
import { startProxy } from '../../support/tcp-proxy.ts';
import { exchangeOf, Jar, visit, Visit } from '../../support/visit.ts';
import { waitFor } from '../../support/wait-for.ts';

const SECRET = 'sekrit-of-the-cookies-Zk1w-that-nobody-may-print';
const OLD_SECRET = 'sekrit-of-last-year-Qx7v-that-nobody-may-print';
const PASSWORD = 'passwort-of-redis-Jp3t';
const KEY = randomBytes(32).toString('base64');
/** What the application keeps in its sessions. */
const VALUE = 'value-of-a-field-Hm5r';
const FLASH = 'message-to-one-user-Bn8d';
const NAMES: readonly SessionEventName[] = [
  ...([
    'created',
    'loaded',
    'rejected',
    'staleId',
    'touched',
    'saved',
    'rotated',
    'login',
    'logout',
    'destroyed',
  ] as const),
  ...([
    'revoked',
    'lost',
    'discarded',
    'cookieSuppressed',
    'cookieWarning',
    'memoryEvicted',
    'storeError',
    'circuitOpen',
    'circuitClosed',
  ] as const),
];

/** Everything that leaves the library but the cookie and what the application asks for. */
let recorded: string[];
/** What must not be in it. */
let secrets: Set<string>;
const emitted = new Set<string>();

const record = (what: unknown): void => void recorded.push(inspectAll(what));
const listeners = new Map(NAMES.map((name) => [name, (event: unknown) => (emitted.add(name), record(event))]));
const warned = (warning: Error): void => record(warning);
const written: (typeof process.stderr.write)[] = [];

beforeEach(() => {
  recorded = [];
  secrets = new Set([SECRET, OLD_SECRET, PASSWORD, encodeURIComponent(PASSWORD), KEY, VALUE, FLASH]);
  for (const [name, listener] of listeners) subscribe(`websauna-session:${name}`, listener);
  process.on('warning', warned);
  for (const stream of [process.stdout, process.stderr]) {
    written.push(stream.write);
    stream.write = (chunk: string | Uint8Array) => (record(String(chunk)), true);
  }
});
afterEach(() => {
  for (const stream of [process.stderr, process.stdout]) stream.write = written.pop()!;
  process.off('warning', warned);
  for (const [name, listener] of listeners) unsubscribe(`websauna-session:${name}`, listener);
});

/** Text of a value with all that hangs on it: causes, stacks, hidden properties, buffers as text. */
function inspectAll(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  if (seen.has(value)) return '';
  seen.add(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  const parts = [inspect(value, { depth: 6, showHidden: true, maxArrayLength: null, maxStringLength: null })];
  for (const key of Reflect.ownKeys(value)) parts.push(String(key), inspectAll(Reflect.get(value, key), seen));
  return parts.join('\n');
}

/** Remembers the secrets of a session that only its browser and its pages may have. */
function learn(session: WebsaunaSession, jar: Jar): void {
  const cookie = jar.cookies.get('session') ?? '';
  for (const part of [session.id, ...cookie.split('.').filter((each) => each.length > 16)]) secrets.add(part);
  secrets.add(session.getCsrfToken());
}

function expectNoLeaks(): void {
  expect(recorded.length).toBeGreaterThan(0);
  // Most lines are there many times, those of stack traces above all. No secret spans two lines.
  const all = [...new Set(recorded.join('\n').split('\n'))].join('\n');
  for (const secret of secrets) {
    const at = secret === '' ? -1 : all.indexOf(secret);
    if (at >= 0) throw new Error(`A secret was revealed: ${all.slice(Math.max(0, at - 200), at + 60)}`);
  }
}

async function attempt(act: () => unknown): Promise<void> {
  try {
    await act();
  } catch (error) {
    record(error);
  }
}

const ACTS: readonly ((session: WebsaunaSession) => unknown)[] = [
  (session) => session.get('field'),
  (session) => session.set('field', `${VALUE} again`),
  (session) => session.flash(FLASH),
  (session) => session.takeFlash(),
  (session) => session.update('field', () => VALUE),
  (session) => session.rotate(),
  (session) => session.login('alice', { method: 'password', index: { sid: 'sid' } }),
  (session) => session.requireFresh(0),
  (session) => session.requireCsrfToken('A'.repeat(86)),
  (session) => session.set('field', 1n),
  (session) => session.set('field', () => VALUE),
  (session) => session.set('', VALUE),
  (session) => session.login(''),
  (session) => session.adjustTimeout(VALUE as unknown as number),
  (session) => session.clear(),
  (session) => session.logout(),
];

/** Does everything with sessions; what fails is ignored. */
async function live(factory: SessionFactory): Promise<void> {
  for (const act of ACTS) {
    const jar = new Jar();
    await attempt(async () => {
      await visit(factory, jar, (session) => {
        session.set('field', VALUE);
        session.flash(FLASH);
        if (ACTS.indexOf(act) % 2 === 0) session.login('alice');
        learn(session, jar);
      });
      await visit(factory, new Jar(jar), (session) => learn(session, jar));
    });
    await attempt(async () => {
      const slow = await Visit.open(factory, new Jar(jar));
      slow.session.set('late', VALUE);
      await attempt(() =>
        visit(factory, jar, act, { method: 'POST', headers: { 'user-agent': 'agent', host: 'example.com' } }),
      );
      await slow.end();
    });
    await attempt(() => visit(factory, jar, (session) => (learn(session, jar), session.invalidate())));
  }
  await attempt(() => factory.owners.list('alice'));
  await attempt(() => factory.owners.revokeBy('sid', 'sid'));
  await attempt(() => factory.owners.revoke('alice'));
}

/** Cookies of other applications, which are secret too. */
async function hostile(factory: SessionFactory): Promise<void> {
  for (const secret of secrets) {
    if (/[^\x20-\x7e]/.test(secret)) continue;
    for (const cookie of [`session=${secret}`, `session=${secret}.${secret}`, `${secret}=${secret}`]) {
      await attempt(() => factory.load(exchangeOf(new Jar(), { headers: { cookie } })));
    }
  }
}

let server: RedisServer;
beforeEach(async () => {
  server = await startRedis({ password: PASSWORD });
  return () => server.stop();
});

const wrong = (url: string): string => url.replace(PASSWORD, `${PASSWORD}-but-wrong`);

describe.each(['redis', 'ioredis'] as const)('secrets are revealed nowhere, %s', (library) => {
  const run = async (
    options: Partial<SessionOptions>,
    meanwhile: (factory: SessionFactory) => unknown,
  ): Promise<void> => {
    const factory = createSessionFactory({ secret: [SECRET, OLD_SECRET], ...options });
    try {
      await meanwhile(factory);
      await hostile(factory);
      record(factory);
      expectNoLeaks();
    } finally {
      await factory.close();
    }
  };
  const redis = { library, socketTimeout: 0.3 } as const;

  test('when all is well, and when the application makes mistakes', async () => {
    await run({ redis: { ...redis, url: server.url, socketTimeout: 5 } }, live);
    for (const name of [
      'created',
      'loaded',
      'rejected',
      'saved',
      'rotated',
      'login',
      'logout',
      'destroyed',
      'revoked',
      'lost',
    ] as const) {
      expect(emitted).toContain(name);
    }
  });

  test('a session that is printed shows its fields, and nothing that opens it', async () => {
    await run({ redis: { ...redis, url: server.url, socketTimeout: 5 } }, async (factory) => {
      const jar = new Jar();
      await visit(factory, jar, (session) => session.login('alice'));
      for (const name of ['eager', 'lazy']) {
        await visit(factory, jar, (session) => {
          learn(session, jar);
          session.set('name', name);
          record(inspect(session, { depth: 9, showHidden: true }));
          record(`${inspect(session.data)} ${JSON.stringify(session)}`);
        });
      }
    });
    expect(recorded.join()).toContain("name: 'eager'");
  });

  test('when Redis is full, read-only or denies commands', async () => {
    await run({ redis: { ...redis, url: server.url } }, async (factory) => {
      await live(factory);
      await server.cli('CONFIG', 'SET', 'maxmemory', '1');
      await live(factory);
      await server.cli('CONFIG', 'SET', 'maxmemory', '0');
      await server.cli('ACL', 'SETUSER', 'default', '-evalsha', '-eval');
      await live(factory);
      await server.cli('ACL', 'SETUSER', 'default', '+@all', '-hgetall');
      await live(factory);
    });
    const replica = await startReplica(server);
    await run({ redis: { ...redis, url: replica.url } }, live);
    await replica.stop();
    expect(recorded.join()).toMatch(/OOM/);
    expect(recorded.join()).toMatch(/READONLY/);
    expect(recorded.join()).toMatch(/NOPERM/);
  });

  test('when Redis does not know a command, and says with what arguments it came', async () => {
    for (const command of ['EVALSHA', 'AUTH', 'HELLO']) {
      const lacking = await startRedis({ config: { 'rename-command': `${command} ""` } });
      const url = lacking.url.replace('//', `//user:${PASSWORD}@`);
      await run({ redis: { ...redis, url: command === 'AUTH' || command === 'HELLO' ? url : lacking.url } }, live);
      await lacking.stop();
    }
    expect(recorded.join()).toMatch(/unknown command/);
  });

  test('when records and indexes are of another type, or cannot be read', async () => {
    await run({ redis: { ...redis, url: server.url, socketTimeout: 5 } }, async (factory) => {
      for (const command of ['SET', 'RPUSH', 'HSET'] as const) {
        const jar = new Jar();
        await visit(factory, jar, (session) => {
          session.set('field', VALUE);
          session.login('alice');
        });
        const slow = await Visit.open(factory, new Jar(jar));
        for (const key of (await server.cli('KEYS', '*')) as string[]) {
          const field = command === 'HSET' ? ['field'] : [];
          if (command !== 'HSET' || !key.endsWith('owner')) await server.cli('DEL', key);
          if (command === 'HSET') await attempt(() => server.cli('HSET', key, '@', '2:x'));
          await attempt(() => server.cli(command, key, ...field, `"${VALUE}`));
        }
        slow.session.set('late', VALUE);
        await attempt(() => slow.end());
        await live(factory);
        await server.cli('FLUSHALL');
      }
    });
  });

  test('when the password is wrong, or changes', async () => {
    secrets.add(`${PASSWORD}-but-wrong`);
    await run({ redis: { ...redis, url: wrong(server.url) } }, live);
    await run({ redis: { ...redis, url: server.url } }, async (factory) => {
      await live(factory);
      await server.cli('CONFIG', 'SET', 'requirepass', 'another');
      await server.cli('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await live(factory);
      await server.cli('CONFIG', 'SET', 'requirepass', PASSWORD);
    });
  });

  test('when connections are cut in the middle of a command', async () => {
    const proxy = await startProxy(server);
    const url = proxy.url.replace('//', `//:${PASSWORD}@`);
    await run({ redis: { ...redis, url } }, async (factory) => {
      await live(factory);
      for (const at of ['request', 'reply', 'request', 'reply'] as const) {
        let cut = false;
        void proxy.cutAt(at, VALUE).then(() => (cut = true));
        await waitFor('a command to be cut', async () => {
          await live(factory);
          return cut;
        });
      }
      proxy.freeze();
      await live(factory);
    });
    await proxy.close();
  });

  test('when Redis hangs, and the breaker opens and closes', async () => {
    await run({ redis: { ...redis, url: server.url } }, async (factory) => {
      await live(factory);
      server.pause();
      await Promise.all([live(factory), live(factory), live(factory), live(factory), live(factory)]);
      server.resume();
      await waitFor('Redis to be back', () =>
        visit(factory, new Jar(), (session) => session.set('field', VALUE)).then(() => true),
      );
    });
    expect(emitted).toContain('circuitOpen');
    expect(emitted).toContain('circuitClosed');
  });

  test('when values are encrypted, tampered with, or of a removed key', async () => {
    await run(
      { redis: { ...redis, url: server.url, socketTimeout: 5 }, serializer: encrypted({ key: KEY }) },
      async (factory) => {
        await live(factory);
        const jar = new Jar();
        const key = await visit(factory, jar, (session) => {
          session.set('field', VALUE);
          learn(session, jar);
          return `session:${session.handle}`;
        });
        for (const stored of [VALUE, `e1.${VALUE}`, String(await server.cli('HGET', key, 'field')).slice(0, -2)]) {
          await server.cli('HSET', key, 'field', stored);
          await attempt(() => visit(factory, new Jar(jar), (session) => session.get('field')));
          await attempt(() => visit(factory, new Jar(jar), (session) => session.login('alice')));
        }
      },
    );
  });

  test('when options are wrong', async () => {
    const options: unknown[] = [
      { secret: 'short' },
      { secret: [SECRET, 'short'] },
      { secret: { toString: () => SECRET } },
      { [SECRET.slice(0, 8)]: SECRET, secret: SECRET },
      { secret: SECRET, redis: { url: `redis://:${PASSWORD}@host:port/x` } },
      { secret: SECRET, redis: { url: `http://:${PASSWORD}@host` } },
      { secret: SECRET, redis: { url: `redis://:${PASSWORD}#@host` } },
      { secret: SECRET, redis: { password: { value: PASSWORD } } },
      { secret: SECRET, redis: { client: { password: PASSWORD } } },
      { secret: SECRET, cookie: { name: `${VALUE};` } },
      { secret: SECRET, cookie: { domain: `${VALUE};` } },
      { secret: SECRET, timeout: VALUE },
      { secret: SECRET, serialize: () => VALUE, deserialize: () => FLASH },
      { secret: SECRET, idGenerator: () => VALUE },
      { secret: SECRET, initialData: { field: () => VALUE } },
    ];
    for (const each of options) {
      await attempt(async () => {
        const factory = createSessionFactory(each as SessionOptions);
        try {
          await visit(factory, new Jar(), (session) => session.set('field', VALUE));
        } finally {
          await factory.close();
        }
      });
    }
    await attempt(() => encrypted({ key: KEY.slice(1) }));
    await attempt(() => encrypted({ keys: [KEY, `${KEY}x`] }));
    await attempt(() => createRedisStore({ url: `redis://:${PASSWORD}@` }).close());
    secrets.delete(SECRET.slice(0, 8));
    expect(recorded.length).toBeGreaterThan(12);
    expectNoLeaks();
  });
});
