import assert from 'node:assert/strict';
import { doubleCsrf } from 'csrf-csrf';
import cookieParser from 'cookie-parser';
import { test } from 'vitest';
import session from 'websauna-session/express-session';
import { Browser, SECRET, serve } from './site.ts';

test('csrf-csrf binds its tokens to `req.session.id`', () =>
  serve(
    (app) => {
      const { generateCsrfToken, doubleCsrfProtection } = doubleCsrf({
        getSecret: () => 'the secret of the tokens',
        getSessionIdentifier: (req) => req.session.id,
        cookieName: 'csrf',
        cookieOptions: { secure: false },
        getCsrfTokenFromRequest: (req) => req.headers['x-csrf-token'],
      });
      app.use(cookieParser(), session({ secret: SECRET, saveUninitialized: false }));
      app.get('/form', (req, res) => {
        req.session.views = 1;
        res.send(generateCsrfToken(req, res));
      });
      app.get('/regenerate', (req, res, next) => {
        req.session.regenerate((error) => {
          if (error) return next(error);
          req.session.views = 1;
          return res.end();
        });
      });
      app.use(doubleCsrfProtection);
      app.post('/', (_req, res) => res.send('done'));
    },
    async (port) => {
      const browser = new Browser(port);
      const token = await browser.text('/form');
      const post = async (value: string): Promise<number> =>
        (await browser.visit('/', { method: 'POST', headers: { 'x-csrf-token': value } })).status;
      assert.deepEqual([await post(token), await post('forged')], [200, 403]);
      await browser.visit('/regenerate');
      assert.equal(await post(token), 403);
    },
  ));
