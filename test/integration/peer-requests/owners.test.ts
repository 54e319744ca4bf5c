// What users of other libraries have asked for the sessions of a user: docs/comparison.md lists it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import express from 'express';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { sessions } from 'websauna-session/express';
import { socketSessions } from 'websauna-session/socketio';
import { listen } from '../../adapters/support/listen.ts';
import { objects, run } from '../../cli/run.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Jar, visit } from '../../support/visit.ts';
import { addLogin, Clock, DAY, HOUR, make, SECRET, serve, Visitor } from './site.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  await server.stop();
});

// https://github.com/heroku/identity/pull/214
// https://github.com/platformplatform/PlatformPlatform/pull/822
test('an account switch ends the session of the first account, shows nothing of it, and can keep its end', async () => {
  const clock = new Clock();
  const factory = make(clock, { absoluteTimeout: 90 * DAY, timeout: 30 * DAY });
  await serve(
    factory,
    (app) => {
      addLogin(app);
      app.get('/draft/:text', (req, res) => {
        req.session.set('draft', req.params.text).set('locale', 'fi');
        req.session.flash('Only for Ada');
        res.end();
      });
      app.get('/flash', (req, res) => void res.json(req.session.popFlash()));
      // Without a password: the new session must not last longer than the one before.
      app.get('/switch/:owner', (req, res) => {
        const { authenticatedAt, expiresAt } = req.session;
        const absoluteTimeout = Math.floor((expiresAt!.getTime() - clock.now) / 1000);
        const timeout = Math.min(req.session.timeout, absoluteTimeout);
        const limits = { authenticatedAt: authenticatedAt!, absoluteTimeout, timeout };
        req.session.login(req.params.owner, { ...limits, keep: ['locale'] });
        res.end();
      });
    },
    async (origin) => {
      const visitor = new Visitor(origin, clock);
      await visitor.visit('/login/ada');
      await visitor.visit('/draft/secret');
      const copy = new Visitor(origin, clock);
      for (const [key, cookie] of visitor.cookies) copy.cookies.set(key, cookie);
      const [before] = await factory.owners.list('ada');
      for (const owner of ['bob', 'eve', 'bob']) {
        clock.pass(20 * DAY);
        await visitor.visit(`/switch/${owner}`);
        expect(JSON.parse(await visitor.read('/fields'))).toEqual({ locale: 'fi' });
        expect([await visitor.read('/me'), await visitor.read('/flash')]).toEqual([owner, '[]']);
      }
      expect(await copy.read('/me')).toBe('nobody');
      expect([await factory.owners.list('ada'), await factory.owners.list('eve')]).toEqual([[], []]);
      const [after] = await factory.owners.list('bob');
      expect(after!.expiresAt).toEqual(before!.expiresAt);
      clock.pass(30 * DAY);
      expect(await visitor.read('/me')).toBe('nobody');
    },
  );
});

// https://github.com/keycloak/keycloak/issues/10549
test('a user who was logged out learns why and when', async () => {
  const clock = new Clock();
  const factory = make(clock, { timeout: HOUR, explainEnds: DAY, maxSessionsPerOwner: 1 });
  await serve(
    factory,
    (app) => {
      addLogin(app);
      app.get('/why', (req, res) => {
        const { endedBefore } = req.session;
        res.send(endedBefore === null ? '-' : `${endedBefore.reason} ${endedBefore.at.getTime() - clock.now}`);
      });
    },
    async (origin) => {
      const loggedIn = async (): Promise<Visitor> => {
        const visitor = new Visitor(origin, clock);
        await visitor.visit('/login/ada');
        expect(await visitor.read('/why')).toBe('-');
        return visitor;
      };
      const revoked = await loggedIn();
      await factory.owners.revoke('ada');
      clock.pass(60);
      expect(await revoked.read('/why')).toBe('revoked -60000');
      const evicted = await loggedIn();
      const idle = await loggedIn();
      expect(await evicted.read('/why')).toBe('evicted 0');
      clock.pass(HOUR + 60);
      expect(await idle.read('/why')).toBe('expired -60000');
      clock.pass(DAY);
      expect(await revoked.read('/why')).toBe('-');
      expect(await new Visitor(origin, clock).read('/why')).toBe('-');
    },
  );
});

// https://github.com/jfromaniello/passport.socketio/issues/117
test.each(['a logout in another tab', 'a revocation'])(
  '%s closes the open sockets of the session, and no others',
  async (how) => {
    const factory = make(new Clock());
    const app = express();
    app.use(sessions(factory));
    addLogin(app);
    app.get('/logout', (req, res) => {
      req.session.logout();
      res.end();
    });
    const http = createServer(app);
    const sockets = new Server(http);
    sockets.use(socketSessions(factory));
    sockets.on('connection', (socket) => {
      socket.emit('hello', (socket.data as { session: { owner: string } }).session.owner);
    });
    await listen(http, async (port) => {
      const origin = `http://127.0.0.1:${port}`;
      const connect = async (owner: string) => {
        const tab = new Visitor(origin);
        await tab.visit(`/login/${owner}`);
        const cookie = `session=${tab.cookies.get('session')!.value}`;
        const socket = io(origin, { transports: ['websocket'], extraHeaders: { cookie }, forceNew: true });
        const [greeted] = await once(socket as never, 'hello');
        expect(greeted).toBe(owner);
        return { tab, socket };
      };
      const [ada, eve] = [await connect('ada'), await connect('eve')];
      const closed = once(ada.socket as never, 'disconnect');
      if (how === 'a revocation') await factory.owners.revoke('ada');
      else await ada.tab.visit('/logout');
      expect((await closed)[0]).toBe('io server disconnect');
      expect([ada.socket.connected, eve.socket.connected]).toEqual([false, true]);
      for (const { socket } of [ada, eve]) socket.close();
      await sockets.close();
    });
  },
);

// https://github.com/keycloak/keycloak/issues/29294
// https://github.com/keycloak/keycloak/issues/38813
test('the first page of many sessions costs a page, those of one user cost theirs alone, and their number can be known', async () => {
  await server.cli('FLUSHALL');
  const factory = createSessionFactory({ secret: SECRET, redis: { url: server.url, socketTimeout: 20 } });
  const logIn = async (owner: string): Promise<unknown> =>
    await visit(factory, new Jar(), (session) => session.login(owner));
  await logIn('ada');
  const MANY = 2000;
  for (let n = 0; n < MANY; n += 200) await Promise.all(Array.from({ length: 200 }, (_, i) => logIn(`user-${n + i}`)));
  await serve(
    factory,
    (app) => {
      app.get('/admin', async (_req, res) => {
        const page: unknown[] = [];
        for await (const { handle, owner, lastSeenAt } of factory.sessions.scan()) {
          page.push({ handle, owner, lastSeenAt });
          if (page.length === 10) break;
        }
        res.json(page);
      });
      app.get('/admin/:owner', (req, res, next) => {
        factory.owners.list(req.params.owner).then((list) => res.json(list), next);
      });
    },
    async (origin) => {
      const admin = new Visitor(origin);
      const costs = async (path: string, found: number): Promise<{ scans: number; scripts: number }> => {
        await server.resetStats();
        expect(JSON.parse(await admin.read(path))).toHaveLength(found);
        const counts = await server.commandCounts();
        return { scans: counts.get('scan') ?? 0, scripts: counts.get('evalsha') ?? 0 };
      };
      const page = await costs('/admin', 10);
      expect(page.scans).toBe(1);
      expect(page.scripts).toBeLessThanOrEqual(500);
      expect(await costs('/admin/ada', 1)).toEqual({ scans: 0, scripts: 1 });
    },
  );
  await factory.close();
  const env = { REDIS_URL: server.url, SESSION_SECRET: SECRET };
  expect(objects((await run(['stats', '--json'], { env })).stdout)).toMatchObject([
    { sessions: MANY + 1, owned: MANY + 1, owners: MANY + 1, seenWithin: { hour: MANY + 1 } },
  ]);
});
