import assert from 'node:assert/strict';
import type { RequestHandler } from 'express';
import grant from 'grant';
import { test } from 'vitest';
import session from 'websauna-session/express-session';
import { serveProvider } from './provider.ts';
import { Browser, SECRET, serve } from './site.ts';

declare module 'express-session' {
  interface SessionData {
    grant: { state?: string; response?: { access_token: string } };
  }
}

// Its types have `express` inside of a namespace that is not exported.
const middlewareOf = (grant as unknown as { express(config: object): RequestHandler }).express;

test('grant keeps its state in the session, saves it before it redirects, and finds it at the callback', () =>
  serveProvider((origin) =>
    serve(
      (app) => {
        app.use(session({ secret: SECRET, resave: false, saveUninitialized: false }));
        app.use(
          middlewareOf({
            defaults: { origin: 'http://localhost', transport: 'session', state: true },
            provider: {
              oauth: 2,
              key: 'client',
              secret: 'secret',
              authorize_url: `${origin}/authorize`,
              access_url: `${origin}/token`,
              callback: '/done',
            },
          }),
        );
        app.get('/done', (req, res) => res.send(req.session.grant?.response?.access_token ?? 'nothing'));
      },
      async (port) => {
        const browser = new Browser(port);
        const page = await browser.visit('/connect/provider');
        assert.equal(page.status, 302);
        const authorized = await fetch(page.headers['location']!, { redirect: 'manual' });
        const back = new URL(authorized.headers.get('location')!);
        const callback = await browser.visit(back.pathname + back.search);
        assert.equal(callback.headers['location'], '/done');
        assert.equal(await browser.text('/done'), 'access');
        const forged = await browser.visit(`${back.pathname}?code=${back.searchParams.get('code')}&state=forged`);
        await browser.visit(forged.headers['location']!);
        assert.equal(await browser.text('/done'), 'nothing');
      },
    ),
  ));
