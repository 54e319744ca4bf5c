// That the adapter of docs/add-an-adapter.md passes the contract: the code of the page is what runs here.
import { fileURLToPath } from 'node:url';
import { server as createServer, type Request } from '@hapi/hapi';
import { afterAll, expect, test, vi } from 'vitest';
import { createSessionFactory, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import { PageFiles } from '../support/page-files.ts';
import { waitFor } from '../support/wait-for.ts';

const page = new PageFiles('docs/add-an-adapter.md');
afterAll(() => page.remove());

const names = [...page.names];
test('the page has the files of its steps', () => {
  expect(names).toEqual(['fetch-sessions.ts', 'sessions.ts', 'app.ts', 'sessions.test.ts']);
});

// With the cache of this repository, which the page leaves to its reader.
const cache = fileURLToPath(new URL('../contract/adapters/http-cache.ts', import.meta.url));
const harness = page.read('sessions.test.ts');
const cached = harness.replace('peer: HOST,', 'peer: HOST, sharedCache: () => new HttpCache(),');
test('the harness has a place for a cache', () => expect(cached).not.toBe(harness));
page.write('cached.test.ts', `import { HttpCache } from '${cache}';\n${cached}`);
await page.load('cached.test.ts');

test('its application counts visits', async () => {
  vi.stubEnv('SESSION_SECRET', 'x'.repeat(32)).stubEnv('PORT', '0');
  const { app } = (await page.load('app.ts')) as { app: ReturnType<typeof createServer> };
  vi.unstubAllEnvs();
  try {
    const first = await fetch(app.info.uri);
    expect(await first.json()).toEqual({ views: 1 });
    const cookie = first.headers.getSetCookie()[0]!.split(';')[0]!;
    // hapi would refuse the other one.
    const second = await fetch(app.info.uri, { headers: { cookie: `${cookie}; other="` } });
    expect(await second.json()).toEqual({ views: 2 });
  } finally {
    await app.stop({ timeout: 0 });
  }
});

type Data = Record<string, unknown>;

test('what a handler changes that answers past hapi is reported', async () => {
  const { hapiSessions } = (await page.load('sessions.ts')) as {
    hapiSessions: { name: string; register(server: object, options: { sessions: SessionFactory<Data> }): void };
  };
  const factory = createSessionFactory<Data>({ secret: 'x'.repeat(32) });
  const discarded: string[] = [];
  factory.on('discarded', ({ reason }) => void discarded.push(reason));
  const server = createServer({ host: '127.0.0.1' });
  await server.register({ plugin: hapiSessions, options: { sessions: factory } });
  server.route({
    method: 'GET',
    path: '/',
    handler(request, h) {
      (request as Request & { session: WebsaunaSession<Data> }).session.set('a', 1);
      request.raw.res.end('past hapi');
      return h.abandon;
    },
  });
  await server.start();
  try {
    expect(await (await fetch(server.info.uri)).text()).toBe('past hapi');
    await waitFor('the report', async () => discarded.length > 0);
    expect(discarded).toEqual(['late']);
  } finally {
    await server.stop({ timeout: 0 });
  }
});
