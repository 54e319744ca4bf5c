import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import fastify from 'fastify';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { sessions as expressSessions } from 'websauna-session/express';
import { sessions as fastifySessions } from 'websauna-session/fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scripts } from '../../src/stores/redis/scripts.generated.ts';
import { CommandWatch } from '../support/command-watch.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { Jar } from '../support/visit.ts';
import { waitFor } from '../support/wait-for.ts';

type Act = (session: WebsaunaSession) => unknown;

const SECRET = 'a secret of more than thirty-two bytes';
/** The one command that reads a session, and the one that changes it. */
const [READ, WRITE] = ['hgetall', 'evalsha'];

/** What the next request does; one runs at a time. */
let act: Act = () => {};

const frameworks: Readonly<Record<string, (factory: SessionFactory) => Promise<Server>>> = {
  async express(factory) {
    const app = express();
    app.use(expressSessions(factory));
    app.use((req, res, next) => {
      Promise.resolve(act(req.session)).then(() => res.end('done'), next);
    });
    return await listening(app.listen(0, '127.0.0.1'));
  },
  async fastify(factory) {
    const app = fastify({ forceCloseConnections: true });
    await app.register(fastifySessions(factory));
    app.get('/*', async ({ session }) => {
      await act(session);
      return 'done';
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server;
  },
};

async function listening(server: Server): Promise<Server> {
  if (!server.listening) await once(server, 'listening');
  return server;
}

let redis: RedisServer;
let watch: CommandWatch;

beforeAll(async () => {
  redis = await startRedis();
  // A script that the server does not know costs one command more, once in the server's life.
  for (const { source } of Object.values(scripts)) await redis.cli('SCRIPT', 'LOAD', source);
  watch = await CommandWatch.start(redis);
});

afterAll(async () => {
  watch?.stop();
  await redis?.stop();
});

const combinations = (['redis', 'ioredis'] as const).flatMap((library) =>
  Object.keys(frameworks).map((framework) => ({ library, framework })),
);

describe.each(combinations)('round trips to Redis with $library, through $framework', ({ library, framework }) => {
  const closing: (() => Promise<unknown>)[] = [];

  afterAll(async () => {
    await Promise.all(closing.map((close) => close()));
  });

  class Application {
    readonly #url: string;

    constructor(server: Server) {
      this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    }

    async visit(jar: Jar, does: Act, path = '/'): Promise<void> {
      act = does;
      const { header } = jar;
      const response = await fetch(this.#url + path, header === undefined ? {} : { headers: { cookie: header } });
      const body = await response.text();
      if (response.status !== 200) throw new Error(body);
      jar.take(response.headers.getSetCookie());
    }

    /** The commands of one request, in their order. */
    async cost(jar: Jar, does: Act, path?: string): Promise<string[]> {
      await watch.take();
      await this.visit(jar, does, path);
      return await watch.take();
    }
  }

  async function start(options: Partial<SessionOptions> = {}): Promise<Application> {
    const connection = { url: redis.url, library, socketTimeout: 30 };
    const factory = createSessionFactory({ secret: SECRET, touchInterval: 600, redis: connection, ...options });
    const server = await frameworks[framework]!(factory);
    closing.push(async () => {
      server.closeAllConnections();
      server.close();
      await factory.close();
    });
    const app = new Application(server);
    // What it takes to connect is not a request's.
    await app.visit(new Jar(), (session) => session.load().then(() => session.set('a', 1)));
    return app;
  }

  /** A browser with a session. */
  async function stored(app: Application, does: Act = (session) => session.set('a', 1)): Promise<Jar> {
    const jar = new Jar();
    await app.visit(jar, does);
    expect(jar.cookies.size).toBe(1);
    return jar;
  }

  /** Makes a touch due. */
  async function age(jar: Jar): Promise<void> {
    let handle = '';
    await app.visit(jar, (session) => (handle = session.handle));
    await redis.cli('HSET', `session:${handle}`, '@s', String(Math.floor(Date.now() / 1000) - 700));
  }

  let app: Application;
  beforeAll(async () => {
    app = await start();
  });

  describe('0', () => {
    test('an anonymous request', async () => {
      expect(await app.cost(new Jar(), () => {})).toEqual([]);
    });

    test('an anonymous request that uses its session and leaves it empty', async () => {
      const jar = new Jar();
      const does: Act = (session) => {
        session.get('a');
        session.set('a', 1).delete('a');
        session.popFlash();
        session.rotate();
        session.logout();
      };
      expect(await app.cost(jar, does)).toEqual([]);
      expect(jar.cookies.size).toBe(0);
    });

    test('a static file, with a cookie and a handler that reads and writes', async () => {
      const jar = await stored(app);
      expect(await app.cost(jar, (session) => session.set('a', session.get('a')), '/logo.png')).toEqual([]);
    });

    test.each<[string, (header: string) => string]>([
      ['of another library', () => 'session=s%3AhFhgdZ.Jd8s'],
      ['that is too short', (header) => header.slice(0, -1)],
      ['that is too long', (header) => `${header}${'a'.repeat(400)}`],
      ['with characters of no id', (header) => header.replace(/=./, '=*')],
      ['whose id was changed', (header) => header.replace(/=./, (found) => (found === '=A' ? '=B' : '=A'))],
      ['whose signature was changed', (header) => header.slice(0, -2) + (header.endsWith('AA') ? 'BB' : 'AA')],
    ])('a cookie %s', async (_kind, forge) => {
      const header = forge((await stored(app)).header!);
      const jar = new Jar();
      jar.cookies.set('session', header.slice('session='.length));
      expect(await app.cost(jar, (session) => session.get('a'))).toEqual([]);
    });

    test('a cookie that another secret signed', async () => {
      const other = await start({ secret: 'another secret of more than thirty-two bytes' });
      const jar = await stored(other);
      expect(await app.cost(jar, (session) => session.get('a'))).toEqual([]);
    });

    test('a lazy session that is never loaded', async () => {
      const lazy = await start({ load: 'lazy' });
      const jar = await stored(app);
      expect(await lazy.cost(jar, () => {})).toEqual([]);
      expect(await lazy.cost(jar, (session) => session.load())).toEqual([READ]);
    });
  });

  describe('1', () => {
    test('the first write, of every kind', async () => {
      const does: Act = (session) => {
        session.assign({ a: 1, b: [1], c: { d: 'e' } });
        session.flash('Welcome');
        session.newCsrfToken();
        session.adjustTimeout(60);
      };
      expect(await app.cost(new Jar(), does)).toEqual([WRITE]);
    });

    test('a login without a session', async () => {
      expect(await app.cost(new Jar(), (session) => session.login('alice'))).toEqual([WRITE]);
    });

    test('a read, again and again within the touch interval, used or not', async () => {
      const jar = await stored(app, (session) => session.assign({ a: 1, list: [1] }));
      for (let i = 0; i < 3; i++) {
        expect(await app.cost(jar, (session) => session.toJSON())).toEqual([READ]);
        expect(await app.cost(jar, () => {})).toEqual([READ]);
      }
    });

    test('a read of an owned session, of its flash messages and of its CSRF token', async () => {
      const jar = await stored(app, (session) => session.login('alice'));
      const does: Act = (session) => [session.owner, session.peekFlash(), session.popFlash(), session.getCsrfToken()];
      expect(await app.cost(jar, does)).toEqual([READ]);
    });

    test('a cookie of a session that has ended', async () => {
      const jar = await stored(app);
      const old = new Jar(jar);
      await app.visit(jar, (session) => session.logout());
      expect(await app.cost(old, (session) => session.get('a'))).toEqual([READ]);
      // C13: it may be another's than the response's to delete, so it costs a read each time.
      expect(old.cookies.size).toBe(1);
      expect(await app.cost(old, (session) => session.get('a'))).toEqual([READ]);
    });
  });

  test('with `explainEnds`, as many as without; an end is read with one, and an expiry with one more', async () => {
    const explaining = await start({ explainEnds: 600 });
    const owner = `${library} ${framework}`;
    const jar = await stored(explaining, (session) => session.login(owner));
    const last = new Jar(jar);
    expect(await explaining.cost(jar, (session) => session.owner)).toEqual([READ]);
    expect(await explaining.cost(jar, (session) => session.set('a', 1))).toEqual([READ, WRITE]);
    expect(await explaining.cost(jar, (session) => session.rotate())).toEqual([READ, WRITE]);
    expect(await explaining.cost(new Jar(jar), (session) => session.logout())).toEqual([READ, WRITE]);
    const reasons: unknown[] = [];
    const ask: Act = (session) => reasons.push(session.endedBefore?.reason);
    expect(await explaining.cost(jar, ask)).toEqual([READ]);
    expect(await explaining.cost(last, ask)).toEqual([READ, READ]);
    const expiring = await start({ explainEnds: 600, timeout: 1, absoluteTimeout: 1, touchInterval: 0 });
    const idle = await stored(expiring, (session) => session.login(owner));
    await waitFor('its expiry', async () => {
      await expiring.visit(idle, ask);
      return reasons.at(-1) === 'expired';
    });
    // One, if a request has come in the moment between its end and its expiry in Redis.
    expect([[READ], [READ, READ]]).toContainEqual(await expiring.cost(idle, ask));
    expect([...new Set(reasons)]).toEqual(['logout', undefined, 'expired']);
  });

  describe('2', () => {
    const changes: readonly [string, Act][] = [
      ['a change', (session) => session.set('a', 2)],
      ['a change of everything', (session) => session.assign({ a: 2, b: 3, c: {} }).delete('old')],
      ['a change inside of a value', (session) => (session.get('list') as number[]).push(2)],
      ['a deletion', (session) => session.delete('old')],
      ['an update', (session) => session.update('n', (n) => Number(n ?? 0) + 1)],
      ['a flash', (session) => session.flash('Saved')],
      ['a pop of messages', (session) => session.popFlash('waiting')],
      ['a take of messages', (session) => session.takeFlash('waiting')],
      ['another idle timeout', (session) => session.adjustTimeout(60)],
      ['an early save', (session) => session.set('a', 3).save()],
      ['a login', (session) => session.login('alice')],
      ['a login with changes', (session) => session.set('a', 2).login('alice')],
      ['a rotation', (session) => session.rotate()],
      ['a rotation with changes', (session) => session.set('a', 2).rotate()],
      ['a logout', (session) => session.logout()],
      ['an invalidation', (session) => session.invalidate()],
    ];
    const filled: Act = (session) => {
      session.assign({ a: 1, old: 1, list: [1] });
      session.flash('one', 'waiting');
      session.flash('two', 'waiting');
    };

    test.each(changes)('%s', async (_kind, change) => {
      expect(await app.cost(await stored(app, filled), change)).toEqual([READ, WRITE]);
    });

    test.each(changes.filter(([kind]) => !kind.includes('login')))('%s, of an owned session', async (_kind, change) => {
      const jar = await stored(app, (session) => {
        filled(session);
        session.login('alice');
      });
      expect(await app.cost(jar, change)).toEqual([READ, WRITE]);
    });

    test('a read when a touch is due', async () => {
      const jar = await stored(app);
      await age(jar);
      expect(await app.cost(jar, (session) => session.get('a'))).toEqual([READ, WRITE]);
      expect(await app.cost(jar, (session) => session.get('a'))).toEqual([READ]);
      await age(jar);
      expect(await app.cost(jar, () => {})).toEqual([READ, WRITE]);
    });

    test('a read, when every one is a touch', async () => {
      const touching = await start({ touchInterval: 0 });
      const jar = await stored(touching);
      expect(await touching.cost(jar, (session) => session.get('a'))).toEqual([READ, WRITE]);
      expect(await touching.cost(jar, () => {})).toEqual([READ, WRITE]);
    });

    test.each(changes)('%s, when a touch is due: the write is the touch', async (kind, change) => {
      const jar = await stored(app, filled);
      await age(jar);
      // Taking is not activity: it may be a poller's.
      const touch = kind.startsWith('a take') ? [WRITE] : [];
      expect(await app.cost(jar, change)).toEqual([READ, WRITE, ...touch]);
    });

    test('an old id that a rotation left, within its grace', async () => {
      const jar = await stored(app);
      const old = new Jar(jar);
      await app.visit(jar, (session) => session.rotate());
      // The write is the evidence for the cookie, and then records that the client has it.
      expect(await app.cost(old, (session) => session.get('a'))).toEqual([READ, READ, WRITE]);
      expect(await app.cost(old, (session) => session.get('a'))).toEqual([READ, WRITE]);
      expect(await app.cost(old, (session) => session.get('a'))).toEqual([READ]);
    });
  });

  test('a logout and a login in one request: one command each besides the read', async () => {
    const jar = await stored(app);
    const does: Act = (session) => {
      session.logout();
      session.login('bob');
    };
    expect(await app.cost(jar, does)).toEqual([READ, WRITE, WRITE]);
  });

  test('a script that the server does not know is sent once', async () => {
    const jar = await stored(app);
    await redis.cli('SCRIPT', 'FLUSH');
    expect(await app.cost(jar, (session) => session.set('a', 2))).toEqual([READ, WRITE, 'eval']);
    expect(await app.cost(jar, (session) => session.set('a', 3))).toEqual([READ, WRITE]);
    for (const { source } of Object.values(scripts)) await redis.cli('SCRIPT', 'LOAD', source);
  });
});
