import assert from 'node:assert/strict';
import { test } from 'vitest';
import session from 'websauna-session/express-session';
import { Browser, fieldsOf, SECRET, serve } from './site.ts';

/** Does `change` to a session that has a cart and a user; returns the fields afterwards, and how often it was saved. */
async function after(change: (visit: Record<string, unknown>) => void): Promise<[fields: object, saves: number]> {
  const middleware = session({ secret: SECRET, saveUninitialized: false, resave: true });
  let saves = 0;
  let fields!: object;
  await serve(
    (app) => {
      app.use(middleware);
      app.get('/begin', (req, res) => {
        Object.assign(req.session, { cart: [{ title: 'book' }], user: 'ada' });
        res.end();
      });
      app.get('/change', (req, res) => {
        change(req.session as unknown as Record<string, unknown>);
        res.end();
      });
      app.get('/show', (req, res) => res.json(fieldsOf(req.session)));
    },
    async (port) => {
      const browser = new Browser(port);
      await browser.visit('/begin');
      middleware.factory.on('saved', () => (saves += 1));
      await browser.visit('/change');
      fields = JSON.parse(await browser.text('/show'));
    },
  );
  return [fields, saves];
}

const BEFORE = { cart: [{ title: 'book' }], user: 'ada' };

test('what is only read is not written', async () =>
  assert.deepEqual(await after(({ cart }) => void JSON.stringify(cart)), [BEFORE, 0]));

test('what is assigned and equal is not written', async () =>
  assert.deepEqual(await after((visit) => Object.assign(visit, { cart: [{ title: 'book' }], user: 'ada' })), [
    BEFORE,
    0,
  ]));

test('what is changed inside of a value is written', async () =>
  assert.deepEqual(await after(({ cart }) => ((cart as { title: string }[])[0]!.title = 'pen')), [
    { cart: [{ title: 'pen' }], user: 'ada' },
    1,
  ]));

test('what becomes undefined, or a function, is deleted', async () => {
  assert.deepEqual(await after((visit) => (visit['user'] = undefined)), [{ cart: BEFORE.cart }, 1]);
  assert.deepEqual(await after((visit) => (visit['user'] = () => 'ada')), [{ cart: BEFORE.cart }, 1]);
});
