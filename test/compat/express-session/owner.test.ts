import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { describe, test } from 'vitest';
import session, { handleOf, type SessionMiddleware } from 'websauna-session/express-session';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, visit } from '../../support/visit.ts';
import { passportSite } from './passport-site.ts';
import { Browser, SECRET, serve } from './site.ts';

const newMiddleware = (): SessionMiddleware =>
  session({ secret: SECRET, saveUninitialized: false, owner: ({ passport, user }) => passport?.user ?? user });

async function site(act: (port: number, middleware: SessionMiddleware) => Promise<void>): Promise<void> {
  const sessions = newMiddleware();
  await serve(
    (app) => {
      passportSite(app, sessions);
      app.get('/user/:id', (req, res) => {
        // A login without regenerate(), as many applications have it.
        req.session.user = req.params.id;
        res.send(req.sessionID);
      });
      app.get('/forget', (req, res) => {
        delete req.session.user;
        res.end();
      });
      app.get('/devices', async (req, res) => {
        const handle = handleOf(req);
        const owned = await sessions.factory.owners.list('ada');
        res.json(owned.map((each) => each.handle === handle));
      });
      app.get('/elsewhere', async (req, res) => {
        await sessions.factory.owners.revoke('ada', { except: { handle: handleOf(req) } });
        res.end();
      });
      app.get('/show', (req, res) =>
        res.json([req.session.user ?? req.session.passport?.user ?? null, req.session.cart ?? null, req.session.id]),
      );
    },
    async (port) => act(port, sessions),
  );
}

const login = (browser: Browser) =>
  browser.visit('/login', { method: 'POST', form: { username: 'ada', password: 'right' } });
const show = async (browser: Browser): Promise<[string | null, string[] | null, string]> =>
  JSON.parse(await browser.text('/show'));

describe('owner', () => {
  test('lists the devices of a user of unmodified passport, and logs out the others', () =>
    site(async (port) => {
      const [phone, laptop] = [new Browser(port), new Browser(port)];
      await login(phone);
      await login(laptop);
      assert.deepEqual(JSON.parse(await laptop.text('/devices')), [false, true]);
      await laptop.visit('/elsewhere');
      assert.deepEqual(JSON.parse(await laptop.text('/devices')), [true]);
      assert.equal((await show(phone))[0], null);
      assert.equal((await show(laptop))[0], 'ada');
    }));

  test('gives a session that gets one a new id, although the application has not asked for it', () =>
    site(async (port) => {
      const browser = new Browser(port);
      await browser.visit('/basket');
      const [, , before] = await show(browser);
      const fixated = browser.clone();
      await browser.visit('/user/ada');
      const [user, cart, sid] = await show(browser);
      assert.deepEqual([user, cart], ['ada', ['book']]);
      assert.notEqual(sid, before);
      assert.deepEqual((await show(fixated)).slice(0, 2), [null, null]);
    }));

  test('that changes begins another session, with the same fields', () =>
    site(async (port) => {
      const browser = new Browser(port);
      await browser.visit('/basket');
      await browser.visit('/user/eve');
      const eve = browser.clone();
      await browser.visit('/user/ada');
      assert.deepEqual((await show(browser)).slice(0, 2), ['ada', ['book']]);
      assert.equal((await show(eve))[0], null);
      assert.deepEqual(JSON.parse(await browser.text('/devices')), [true]);
    }));

  test('that is taken away leaves a session without owner, with another id', () =>
    site(async (port, { factory }) => {
      const browser = new Browser(port);
      await browser.visit('/basket');
      await browser.visit('/user/ada');
      const owned = browser.clone();
      await browser.visit('/forget');
      assert.deepEqual((await show(browser)).slice(0, 2), [null, ['book']]);
      assert.equal((await show(owned))[0], null);
      assert.deepEqual(await factory.owners.list('ada'), []);
    }));
});

test("a session from before the option becomes its owner's where its cookie can be sent", async () => {
  const store = new MemoryStore();
  const options = { secret: SECRET, store, saveUninitialized: false, proxy: true, cookie: { secure: true } };
  const withOwners = session({ ...options, owner: ({ user }) => user });
  const discarded: string[] = [];
  withOwners.factory.on('discarded', ({ reason }) => discarded.push(reason));
  await serve(
    (app) => {
      app.use('/before', session(options)).get('/before', (req, res) => {
        req.session.user = 'ada';
        res.end();
      });
      app.use('/now', withOwners).get('/now', (req, res) => res.json(req.session.user ?? null));
    },
    async (port) => {
      const browser = new Browser(port);
      const owned = async (): Promise<number> => (await withOwners.factory.owners.list('ada')).length;
      const headers = { 'x-forwarded-proto': 'https' };
      await browser.visit('/before', { headers });
      assert.equal(await browser.text('/now'), '"ada"');
      assert.deepEqual([await owned(), discarded], [0, []]);
      const before = browser.cookies.get('connect.sid');
      assert.equal((await browser.visit('/now', { headers })).text, '"ada"');
      assert.equal(await owned(), 1);
      assert.notEqual(browser.cookies.get('connect.sid'), before);
      assert.equal((await browser.visit('/now', { headers })).text, '"ada"');
    },
  );
});

test('an owner that is a number is the same as its text', async () => {
  const sessions = session({ secret: SECRET, saveUninitialized: false, owner: ({ views }) => views });
  await serve(
    (app) => {
      app.use(sessions);
      app.get('/login', (req, res) => {
        req.session.views = 42;
        res.end();
      });
    },
    async (port) => {
      await new Browser(port).visit('/login');
      assert.equal((await sessions.factory.owners.list('42')).length, 1);
    },
  );
});

test('a client on a Unix socket has no address', async () => {
  const sessions = session({ secret: SECRET, saveUninitialized: false, owner: ({ user }) => user });
  const app = express().use(sessions);
  app.get('/', (req, res) => {
    req.session.user = 'ada';
    res.end();
  });
  const folder = await mkdtemp(join(tmpdir(), 'socket-'));
  const socketPath = join(folder, 'site');
  const server = createServer(app).listen(socketPath);
  try {
    await once(server, 'listening');
    const [response] = (await once(request({ socketPath, agent: false }).end(), 'response')) as [IncomingMessage];
    response.resume();
    assert.deepEqual([response.statusCode, response.headers['set-cookie']?.length], [200, 1]);
    assert.equal((await sessions.factory.owners.list('ada'))[0]!.clientAddress, null);
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  }
});

test('what other adapters write through the factory becomes JSON, too', async () => {
  const { factory } = session({ secret: SECRET });
  const jar = new Jar();
  await visit(factory, jar, (each) => each.set('run', () => 1));
  assert.deepEqual(await visit(factory, jar, (each) => each.get('run')), null);
});
