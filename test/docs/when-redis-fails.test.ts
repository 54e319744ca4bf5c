// That requests end as the table of docs/deployment.md says when Redis fails.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { withSession } from 'websauna-session/fetch';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import { startRedis, startReplica, type RedisServer } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

type Session = WebsaunaSession<Record<string, unknown>>;

/** What a request does, by the words of the table. */
const ACTIONS: Readonly<Record<string, (session: Session) => unknown>> = {
  'does not use the session': () => {},
  'reads the session': (session) => session.get('a'),
  'reads the session, and the idle timeout is due': (session) => session.get('a'),
  'changes a field': (session) => session.set('a', 2),
  'logs in': (session) => session.login('alice'),
  'rotates its id': (session) => session.rotate(),
  'logs out': (session) => session.logout(),
};

/** The columns of the table: the states of Redis, and `onStoreError` where it makes a difference. */
const DOWN_FAIL = "Redis down, `'fail'`";
const DOWN_ANONYMOUS = "Redis down, `'anonymous'`";
const AFTER_READ = 'down after the read';
const FULL = 'Redis full';
const REFUSES = 'a replica';

const SECRET = 'a secret of more than thirty-two bytes';
const page = readFileSync(fileURLToPath(new URL('../../docs/deployment.md', import.meta.url)), 'utf8');
const section = page.split(/^## /m).find((part) => part.startsWith('When Redis fails\n')) ?? '';
const lines = section.split('\n').filter((line) => line.startsWith('|') && !line.startsWith('| ---'));
const [header = [], ...rows] = lines.map((line) =>
  line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim()),
);

const stops: (() => Promise<void>)[] = [];

type Factory = SessionFactory<Record<string, unknown>>;

const factories = new Map<string, Factory>();

/** Returns a factory of its own for these options at this server: the first request of each waits for its connection. */
function make(url: string, options: Partial<SessionOptions<Record<string, unknown>>> = {}): Factory {
  const name = JSON.stringify([url, options]);
  const known = factories.get(name);
  if (known !== undefined) return known;
  const factory = createSessionFactory<Record<string, unknown>>({
    secret: SECRET,
    redis: { url },
    timeout: 86_400,
    touchInterval: 3600,
    ...options,
  });
  factories.set(name, factory);
  stops.push(() => factory.close());
  return factory;
}

interface Outcome {
  readonly status: number;
  /** Whether the session was an empty one that cannot be changed. */
  readonly degraded: boolean;
  readonly cookies: string[];
}

async function send(factory: Factory, cookie: string | null, handler: (session: Session) => unknown): Promise<Outcome> {
  let degraded = false;
  const handle = withSession(factory, async (_request, session) => {
    ({ degraded } = session);
    await handler(session);
    return new Response('page');
  });
  const headers = cookie === null ? {} : { cookie };
  const response = await handle(new Request('http://localhost/page', { headers }));
  return { status: response.status, degraded, cookies: response.headers.getSetCookie() };
}

/** Stores sessions, and returns their cookies. */
async function startSessions(url: string, count: number): Promise<string[]> {
  const started = Array.from({ length: count }, async () => {
    const { cookies } = await waitFor(
      'a session',
      async () => {
        const outcome = await send(make(url), null, (session) => session.set('a', 1));
        return outcome.status === 200 ? outcome : undefined;
      },
      25_000,
    );
    return cookies[0]!.split(';')[0]!;
  });
  return await Promise.all(started);
}

/** Servers in their states, each with cookies of sessions that are stored there: every request has one of its own. */
const servers = new Map<string, { readonly server: RedisServer; readonly cookies: string[] }>();
const SESSIONS = 2 * Object.keys(ACTIONS).length;

async function redis(): Promise<RedisServer> {
  const server = await startRedis();
  stops.push(() => server.stop());
  return server;
}

beforeAll(async () => {
  const [down, full, primary] = await Promise.all([redis(), redis(), redis()]);
  const cookies = await Promise.all([down, full, primary].map(({ url }) => startSessions(url, SESSIONS)));
  const replica = await startReplica(primary);
  stops.push(() => replica.stop());
  await waitFor('the copy of the session', async () => Number(await replica.cli('DBSIZE')) === SESSIONS);
  await full.cli('CONFIG', 'SET', 'maxmemory', '1');
  await down.kill();
  servers.set(DOWN_FAIL, { server: down, cookies: [...cookies[0]!] });
  servers.set(DOWN_ANONYMOUS, { server: down, cookies: [...cookies[0]!] });
  servers.set(FULL, { server: full, cookies: cookies[1]! });
  servers.set(REFUSES, { server: replica, cookies: cookies[2]! });
});

afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

/** The values of `onStoreError` that a column is about: both, unless it names one. */
function optionsOf(state: string): readonly ('fail' | 'anonymous')[] {
  if (state === DOWN_FAIL) return ['fail'];
  return state === DOWN_ANONYMOUS ? ['anonymous'] : ['fail', 'anonymous'];
}

/** Carries a request out in the state that a column of the table names. */
async function carryOut(
  state: string,
  action: string,
  withCookie: boolean,
  onStoreError: 'fail' | 'anonymous',
): Promise<Outcome> {
  const act = ACTIONS[action]!;
  const options = { onStoreError, touchInterval: action.endsWith('due') ? 0 : 3600 };
  const connected = async (url: string): Promise<Factory> => {
    const factory = make(url, options);
    // On a busy machine the first connection can take longer than a request waits for it.
    if (!state.startsWith('Redis down')) await waitFor('a connection', () => factory.owners.list('nobody'), 25_000);
    return factory;
  };
  if (state !== AFTER_READ) {
    const { server, cookies } = servers.get(state)!;
    return await send(await connected(server.url), withCookie ? cookies.pop()! : null, act);
  }
  // `test/integration/faults/degraded.test.ts` kills the server at this point; here every operation fails from it on.
  let isDown = false;
  const store = interceptStore(new MemoryStore(), () => {
    if (isDown) throw new Error('connection lost');
  });
  const factory = createSessionFactory<Record<string, unknown>>({ secret: SECRET, store, timeout: 86_400, ...options });
  const { cookies } = await send(factory, null, (session) => session.set('a', 1));
  return await send(factory, withCookie ? cookies[0]!.split(';')[0]! : null, (session) => {
    isDown = true;
    act(session);
  });
}

describe('When Redis fails', () => {
  test('the table has every case, and no other', () => {
    assert.deepEqual(header.slice(2), [DOWN_FAIL, DOWN_ANONYMOUS, AFTER_READ, FULL, REFUSES]);
    const cases = rows.map(([cookie, action]) => `${cookie}: ${action}`);
    assert.deepEqual(
      cases,
      ['no', 'yes'].flatMap((cookie) => Object.keys(ACTIONS).map((action) => `${cookie}: ${action}`)),
    );
  });

  describe.each(header.slice(2).map((state, column) => [state, column + 2] as const))('%s', (state, column) => {
    test.concurrent.each(rows.map((row) => [row[0]!, row[1]!, row[column]!]))(
      'with a cookie: %s; a request that %s: %s',
      async (cookie, action, expected) => {
        for (const onStoreError of optionsOf(state)) {
          const { status, degraded, cookies } = await carryOut(state, action, cookie === 'yes', onStoreError);
          assert.equal(`${status}${degraded && status === 200 ? ', empty' : ''}`, expected);
          if (status !== 200) assert.deepEqual(cookies, []);
        }
      },
    );
  });
});
