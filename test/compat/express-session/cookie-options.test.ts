import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createSecureServer, request as httpsRequest } from 'node:https';
import express, { type Express } from 'express';
import express4 from 'express4';
import { createServer } from 'node:http';
import { describe, test } from 'vitest';
import session, { type SessionOptions } from 'websauna-session/express-session';
import { listen } from '../../adapters/support/listen.ts';
import { certificate } from '../../support/certificate.ts';
import { Browser, SECRET, serve, type Page } from './site.ts';

async function visit(options: SessionOptions, path = '/', headers: Record<string, string> = {}): Promise<Page> {
  let page!: Page;
  await serve(
    (app) => {
      app.use(session({ secret: SECRET, ...options }));
      app.use((req, res) => res.send(typeof req.session));
    },
    async (port) => {
      page = await new Browser(port).visit(path, { headers });
    },
  );
  return page;
}

const HTTPS = { 'x-forwarded-proto': 'https' };

describe('The options of the cookie', () => {
  test('give requests outside of its path no session', async () => {
    const options = { cookie: { path: '/shop' } };
    const [inside, outside] = [await visit(options, '/shop/cart?a=/'), await visit(options, '/?a=/shop')];
    assert.deepEqual([inside.text, inside.cookies.length], ['object', 1]);
    assert.deepEqual([outside.text, outside.cookies.length], ['undefined', 0]);
  });

  test('know the path of a request whose target is a whole URL, as proxies send it', async () => {
    const options = { cookie: { path: '/shop' } };
    assert.equal((await visit(options, 'http://example.com/shop/cart')).text, 'object');
    assert.equal((await visit(options, 'http://example.com/?a=/shop')).text, 'undefined');
  });

  test('know the path `/` where a router without a framework has left nothing of it', async () => {
    const middleware = session({ secret: SECRET });
    const server = createServer((req, res) => {
      req.url = req.url!.slice('/shop'.length);
      middleware(req as never, res as never, () => res.end(typeof (req as { session?: unknown }).session));
    });
    await listen(server, async (port) => assert.equal(await new Browser(port).text('/shop'), 'object'));
  });

  test('leave out a path that is `null`', async () => {
    assert.match(
      (await visit({ cookie: { path: null as never } }, '/any')).cookies[0]!,
      /^connect\.sid=[^;]+; HttpOnly$/,
    );
  });

  test('are a function of the request, if they are one', async () => {
    const page = await visit({ cookie: ({ url }) => ({ path: url, sameSite: 'lax', httpOnly: false }) }, '/here');
    assert.match(page.cookies[0]!, /; Path=\/here; SameSite=Lax$/);
  });

  test('take `auto` by what the connection is', async () => {
    const options: SessionOptions = { proxy: true, cookie: { secure: 'auto', sameSite: 'auto' } };
    assert.match((await visit(options, '/', HTTPS)).cookies[0]!, /; HttpOnly; Secure; SameSite=None$/);
    assert.match((await visit(options)).cookies[0]!, /; HttpOnly; SameSite=Lax$/);
  });

  test('believe what Express says of a proxy', async () => {
    await serve(
      (app) => {
        app.set('trust proxy', 1).use(session({ secret: SECRET, cookie: { secure: true } }));
        app.get('/', (_req, res) => res.end());
      },
      async (port) => {
        assert.equal((await new Browser(port).visit('/', { headers: HTTPS })).cookies.length, 1);
        assert.equal((await new Browser(port).visit('/')).cookies.length, 0);
      },
    );
  });

  test('do not trust a proxy that `proxy: false` forbids', async () => {
    const page = await visit({ proxy: false, cookie: { secure: true } }, '/', HTTPS);
    assert.deepEqual(page.cookies, []);
  });

  test('include all attributes', async () => {
    const cookie = {
      maxAge: 60_000,
      domain: 'example.com',
      partitioned: true,
      priority: 'high',
      sameSite: true,
    } as const;
    const [text] = (await visit({ proxy: true, cookie: { ...cookie, secure: true } }, '/', HTTPS)).cookies;
    assert.match(
      text!,
      /; Domain=example\.com; Path=\/; Expires=[^;]+; HttpOnly; Secure; Partitioned; Priority=High; SameSite=Strict$/,
    );
  });

  test.each([
    [() => ({ domain: 'a b' }), 'option domain is invalid'],
    [() => null as never, 'Expected `cookie` to be an object, or a function that returns one, got null'],
    [() => ({ sameSite: 'none!' }) as never, "Expected `cookie.sameSite` to be 'strict', 'lax', 'none' or 'auto'"],
  ])('%s is an error of the request', async (cookie, message) => {
    const page = await visit({ cookie });
    assert.deepEqual([page.status, page.cookies], [500, []]);
    assert.ok(page.text.startsWith(message), page.text);
  });
});

test('a cookie that another secret has signed is reported', async () => {
  const middleware = session({ secret: SECRET, saveUninitialized: false });
  const reasons: string[] = [];
  middleware.factory.on('rejected', ({ reason }) => reasons.push(reason));
  await serve(
    (app) => {
      app.use(middleware);
      app.get('/', (req, res) => res.send(String(req.session.views)));
    },
    async (port) => {
      for (const value of ['s%3Aabcdefghijklmnopqrstuvwxyz012345.bad', 'unsigned', 's:', '%']) {
        const page = await new Browser(port, new Map([['connect.sid', value]])).visit('/');
        assert.deepEqual([page.text, page.cookies], ['undefined', []]);
      }
    },
  );
  assert.deepEqual(reasons, ['signature', 'signature', 'signature', 'signature']);
});

test('a cookie that is `secure` is sent over TLS without a proxy', async () => {
  const app = express().use(session({ secret: SECRET, proxy: false, cookie: { secure: true } }));
  app.get('/', (_req, res) => res.end());
  await listen(createSecureServer(certificate(), app), async (port) => {
    const request = httpsRequest({ host: '127.0.0.1', port, ca: certificate().cert, agent: false }).end();
    const [{ headers }] = (await once(request, 'response')) as [IncomingMessage];
    request.destroy();
    assert.match(headers['set-cookie']![0]!, /; HttpOnly; Secure$/);
  });
});

describe.each([
  ['Express 4', express4],
  ['Express 5', express],
])('%s', (_, framework) => {
  const app = (): Express => (framework as typeof express)();

  test('serves a session below a mount point, and with methods patched before and after', async () => {
    const patch = (_req: unknown, res: ServerResponse, next: () => void): void => {
      const { end, write } = res;
      res.write = ((...args: never[]) => Reflect.apply(write, res, args) as boolean) as typeof write;
      res.end = ((...args: never[]) => Reflect.apply(end, res, args) as typeof res) as typeof end;
      next();
    };
    const inner = app();
    inner.use(patch as never, session({ secret: SECRET, saveUninitialized: false }), patch as never);
    inner.get('/count', (req, res) => {
      req.session.views = (req.session.views ?? 0) + 1;
      res.write('views: ');
      res.end(String(req.session.views));
    });
    const outer = app().use('/below', inner);
    await listen(createServer(outer), async (port) => {
      const browser = new Browser(port);
      assert.equal(await browser.text('/below/count'), 'views: 1');
      assert.equal(await browser.text('/below/count'), 'views: 2');
    });
  });
});
