import assert from 'node:assert/strict';
import openid from 'express-openid-connect';
import { afterAll, beforeAll, describe, test } from 'vitest';
import session from 'websauna-session/express-session';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { serveProvider } from './provider.ts';
import { Browser, serve } from './site.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const STORES = {
  memory: () => session.createStore(),
  Redis: () => session.createStore({ redis: { url: server.url, prefix: 'openid:', socketTimeout: 30 } }),
};

describe.each(Object.entries(STORES))('express-openid-connect over %s', (_, open) => {
  test('keeps its sessions in a store that createStore has made', () =>
    serveProvider(async (origin) => {
      const store = open();
      await serve(
        (app) => {
          app.use(
            openid.auth({
              issuerBaseURL: origin,
              baseURL: 'http://localhost',
              clientID: 'client',
              clientSecret: 'secret',
              secret: 'a secret of the application',
              authRequired: false,
              authorizationParams: { response_type: 'code', scope: 'openid' },
              session: { store: store as never, cookie: { sameSite: 'Lax' } },
              idpLogout: false,
              httpTimeout: 30_000,
            }),
          );
          app.get('/', (req, res) => res.send(String(req.oidc.user?.['sub'] ?? 'nobody')));
        },
        async (port) => {
          const browser = new Browser(port);
          const { status, headers } = await browser.visit('/login');
          assert.equal(status, 302);
          const authorized = await fetch(headers['location']!, { redirect: 'manual' });
          const back = new URL(authorized.headers.get('location')!);
          await browser.visit(back.pathname + back.search);
          assert.equal(await browser.text('/'), 'ada');
          const stale = browser.clone();
          const length = (): Promise<number> =>
            new Promise((resolve, reject) =>
              store.length!((error, count) => (error ? reject(error) : resolve(count!))),
            );
          assert.equal(await length(), 1);
          await browser.visit('/logout');
          assert.equal(await stale.text('/'), 'nobody');
          assert.equal(await length(), 0);
        },
      );
    }));
});
