import assert from 'node:assert/strict';
import { POSITIONS, rotates, STORABLE } from './caching.ts';
import type { AdapterCheck, RouteHandler } from './check.ts';
import { appCheck, reads, writes, type TestApp } from './fixtures.ts';
import type { Browser, Reply, VisitInit } from './browser.ts';

const HEADER = 'x-session-token';

/** A client that has its session by the `Authorization` header, and sends what it was sent last. */
class NativeClient {
  token: string | null = null;
  readonly #browser: Browser;

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  async visit(path: string, { headers, ...init }: VisitInit = {}): Promise<Reply> {
    const authorization = this.token === null ? 'Bearer' : `Bearer ${this.token}`;
    const reply = await this.#browser.visit(path, { ...init, headers: { authorization, ...headers } });
    const sent = reply.headers.get(HEADER);
    if (sent !== null) this.token = sent === '' ? null : sent;
    assert.deepEqual(reply.cookies, [], 'a response has a token or a cookie, and never both');
    return reply;
  }
}

function clientOf(app: TestApp): NativeClient {
  return new NativeClient(app.browser());
}

const logsIn: RouteHandler = (session) => {
  session.login('alice');
  return { redirect: '/' };
};

const logsOut: RouteHandler = (session) => {
  session.logout();
  return { body: 'bye' };
};

const ROUTES: Readonly<Record<string, RouteHandler>> = {
  '/': reads(),
  '/add': writes(),
  '/login': logsIn,
  '/rotate': rotates,
  '/logout': logsOut,
};

/** The life of a session by its header, from its first token to the empty one. */
const LIFE: readonly AdapterCheck[] = (['header', 'both'] as const).map((transport) =>
  appCheck(
    `\`transport: '${transport}'\`: the token is sent whenever it changes, empty at the end, and in no cookie`,
    { options: { transport }, routes: ROUTES },
    async (app) => {
      const client = clientOf(app);
      const first = await client.visit('/');
      assert.equal(first.headers.get(HEADER), null);
      assert.equal(first.headers.get('vary'), transport === 'both' ? 'Authorization, Cookie' : 'Authorization');
      assert.deepEqual(app.commands, []);
      const known = new Set<string | null>([null]);
      for (const path of ['/add', '/login', '/rotate']) {
        const reply = await client.visit(path);
        assert.ok(!known.has(client.token), `${path} sends a new token`);
        known.add(client.token);
        assert.equal(reply.headers.get('cache-control'), 'private, no-cache');
        assert.ok(!reply.body.includes(client.token!.slice(0, 43)));
      }
      const head = await client.visit('/', { method: 'HEAD' });
      assert.equal(head.headers.get(HEADER), null);
      assert.equal((await client.visit('/')).body, '1');
      assert.equal((await client.visit('/add')).headers.get(HEADER), null);
      assert.equal((await client.visit('/logout')).headers.get(HEADER), '');
      assert.equal((await client.visit('/')).body, '0');
    },
  ),
);

/** The same promises as for cookies, kept by a header. */
const PROMISES: readonly AdapterCheck[] = [
  appCheck(
    'with both transports, a browser has its cookie and a native client its token, and neither reads the other',
    { options: { transport: 'both' }, routes: ROUTES },
    async (app) => {
      const [browser, client] = [app.browser(), clientOf(app)];
      for (let i = 0; i < 2; i++) {
        assert.equal((await browser.visit('/add')).headers.get(HEADER), null);
      }
      const cookie = `session=${browser.cookies.get('session')}`;
      await client.visit('/add', { headers: { cookie } });
      assert.equal((await client.visit('/', { headers: { cookie } })).body, '1');
      await client.visit('/logout', { headers: { cookie } });
      assert.equal(
        (await browser.visit('/', { headers: { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' } })).body,
        '2',
      );
    },
  ),
  appCheck(
    'a request with a token needs no CSRF token, and one with a cookie does',
    {
      options: { transport: 'both' },
      routes: {
        '/add': writes(),
        '/guarded': (session) => {
          session.requireCsrfToken(undefined);
          return { body: 'accepted' };
        },
      },
    },
    async (app) => {
      const [browser, client] = [app.browser(), clientOf(app)];
      await browser.visit('/add');
      await client.visit('/add');
      assert.equal((await client.visit('/guarded', { method: 'POST' })).status, 200);
      assert.equal((await browser.visit('/guarded', { method: 'POST' })).status, 403);
    },
  ),
  appCheck(
    'the token leaves in front of a streamed body',
    {
      options: { transport: 'header' },
      routes: {
        '/': (session) => {
          session.set('written', 1);
          return { stream: pieces() };
        },
        '/mine': reads(),
      },
    },
    async (app) => {
      const client = clientOf(app);
      assert.equal((await client.visit('/')).body, 'onetwo');
      assert.equal((await client.visit('/mine')).body, '1');
    },
  ),
  appCheck(
    'the error of a commit that has failed carries no token',
    { options: { transport: 'header' }, routes: ROUTES },
    async (app) => {
      const client = clientOf(app);
      app.failing.add('create');
      const reply = await client.visit('/add');
      assert.equal(reply.status, 503);
      assert.equal(reply.headers.get(HEADER), null);
      assert.match(reply.headers.get('vary') ?? '', /\bAuthorization\b/);
      assert.match(reply.headers.get('cache-control') ?? '', /\bprivate\b|\bno-store\b/);
    },
  ),
];

async function* pieces(): AsyncGenerator<string> {
  yield 'one';
  yield 'two';
}

const SHARED: readonly AdapterCheck[] = Object.entries(STORABLE).flatMap(([name, headers]) =>
  POSITIONS.map((position) =>
    appCheck(
      `C9: late ${name} from middleware ${position}: no client gets another's token`,
      {
        options: { transport: 'both' },
        routes: { ...ROUTES, '/mine': reads({ headers: { 'cache-control': 'no-store' } }) },
        lateHeaders: { headers, position },
      },
      async (app) => {
        const [first, second] = [new NativeClient(app.cachedBrowser()), new NativeClient(app.cachedBrowser())];
        for (const [client, path] of [
          [first, '/add'],
          [second, '/add'],
          [second, '/rotate'],
          [first, '/rotate'],
          [first, '/add'],
        ] as const) {
          const reply = await client.visit(path);
          if (client.token !== null) assert.notEqual(first.token, second.token);
          if (reply.headers.get(HEADER) === null) continue;
          assert.match(reply.headers.get('cache-control') ?? '', /\bprivate\b|\bno-store\b/);
          assert.match(reply.headers.get('vary') ?? '', /\bAuthorization\b/);
        }
        assert.notEqual((await second.visit('/mine')).body, '2', "the second client sees the first one's session");
      },
    ),
  ),
);

/** Sessions by the `Authorization` header. */
export const TOKENS: readonly AdapterCheck[] = [...LIFE, ...PROMISES, ...SHARED];
