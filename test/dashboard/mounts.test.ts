import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve as serveHono } from '@hono/node-server';
import express, { type Express } from 'express';
import express4 from 'express4';
import Fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { createSessionFactory, type Session, type SessionFactory } from 'websauna-session';
import { createDashboard, type Dashboard } from 'websauna-session/dashboard';
import { sessions as expressSessions } from 'websauna-session/express';
import { sessions as fastifySessions } from 'websauna-session/fastify';
import { sessions as honoSessions, type SessionVariables } from 'websauna-session/hono';
import { sessions as koaSessions } from 'websauna-session/koa';
import { nodeRequest, withSession as withNodeSession } from 'websauna-session/node';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { EventLog } from '../../src/dashboard/event-log.ts';

const PATH = '/admin/sessions';

interface Running {
  readonly url: string;
  stop(): Promise<void>;
}

async function listen(server: Server): Promise<Running> {
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return running(server);
}

function running(server: Server): Running {
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function logIn(url: string, session: Session): void {
  session.login(new URL(url, 'http://localhost').searchParams.get('as')!, {});
}

type Start = (factory: SessionFactory, dashboard: Dashboard) => Promise<Running>;

function onExpress(make: () => Express, parse: boolean): Start {
  return async (factory, dashboard) => {
    const app = make();
    app.use(expressSessions(factory));
    if (parse) app.use(express.urlencoded({ extended: false }));
    app.get('/log-in', (req, res) => {
      logIn(req.url, req.session);
      res.end();
    });
    app.use(PATH, dashboard.node);
    return await listen(createServer(app));
  };
}

const MOUNTS: Readonly<Record<string, Start>> = {
  'Express 5': onExpress(express, false),
  'Express 5 behind a parser of forms': onExpress(express, true),
  'Express 4': onExpress(express4 as unknown as () => Express, false),
  'node:http': async (factory, dashboard) =>
    await listen(
      createServer(
        withNodeSession(factory, async (req, res) => {
          if (!req.url!.startsWith('/log-in')) return await dashboard.node(req, res);
          logIn(req.url!, req.session);
          res.end();
        }),
      ),
    ),
  Fastify: async (factory, dashboard) => {
    const app = Fastify({ forceCloseConnections: true });
    await app.register(fastifySessions(factory));
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    );
    app.get('/log-in', (request, reply) => {
      logIn(request.url, request.session);
      void reply.send('');
    });
    app.all(PATH, (request) => dashboard.fetch(nodeRequest(request.raw, request.body), request.session));
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { ...running(app.server), stop: () => app.close() };
  },
  Koa: async (factory, dashboard) => {
    const app = new Koa();
    app.silent = true;
    app.use(koaSessions(factory));
    app.use(async (ctx) => {
      if (ctx.path === PATH) ctx.body = await dashboard.fetch(nodeRequest(ctx.req), ctx.session);
      else logIn(ctx.url, ctx.session);
      ctx.status = ctx.path === PATH ? ctx.status : 204;
    });
    return await listen(createServer((req, res) => void app.callback()(req, res)));
  },
  Hono: async (factory, dashboard) => {
    const app = new Hono<{ Variables: SessionVariables }>();
    app.use(honoSessions(factory));
    app.get('/log-in', (c) => {
      logIn(c.req.url, c.var.session);
      return c.body(null, 204);
    });
    app.all(PATH, (c) => dashboard.fetch(c.req.raw, c.var.session));
    let server!: Server;
    await new Promise<void>((resolve) => {
      server = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve()) as Server;
    });
    return running(server);
  },
};

/** The streams that are open, by what they have listened with. */
const listening = new Set<() => void>();
const { listen: listenToLog } = EventLog.prototype;
const spy = vi.spyOn(EventLog.prototype, 'listen').mockImplementation(function (this: EventLog, listener) {
  const stop = listenToLog.call(this, listener);
  listening.add(listener);
  return () => {
    stop();
    listening.delete(listener);
  };
});

afterAll(() => spy.mockRestore());

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function open(start: Start) {
  const factory = createSessionFactory({ secret: 'a secret of the tests, of 32 bytes or more' });
  const dashboard = createDashboard(factory, { canView: ({ owner }) => owner === 'ada', canAct: () => true });
  const { url, stop } = await start(factory, dashboard);
  stops.push(stop, () => factory.close());
  const cookies = async (owner: string): Promise<string> => {
    const { headers } = await fetch(`${url}/log-in?as=${owner}`);
    return headers.getSetCookie()[0]!.split(';')[0]!;
  };
  const visit = (query: string, cookie: string, more: RequestInit = {}): Promise<Response> =>
    fetch(url + PATH + query, { redirect: 'manual', ...more, headers: { cookie } });
  return { factory, dashboard, cookies, visit };
}

describe.each(Object.entries(MOUNTS))('mounted on %s', (_name, start) => {
  it('shows pages and assets, carries out a form, and refuses outsiders', async () => {
    const { factory, cookies, visit } = await open(start);
    const [ada, bea] = [await cookies('ada'), await cookies('bea')];
    const page = await visit('?page=owner&owner=bea', ada);
    expect(page.status).toBe(200);
    expect(page.headers.get('cache-control')).toBe('no-store');
    const text = await page.text();
    expect(text).toContain('1 live session');
    expect((await visit('?page=style', ada)).headers.get('content-type')).toBe('text/css; charset=utf-8');
    const head = await visit('', ada, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await visit('', bea)).status).toBe(404);

    const [, _csrf = ''] = /name="_csrf" value="([^"]+)"/.exec(text)!;
    const body = new URLSearchParams({ _csrf, owner: 'bea' });
    expect((await visit('?page=end-all', bea, { method: 'POST', body })).status).toBe(404);
    const done = await visit('?page=end-all', ada, { method: 'POST', body });
    expect([done.status, done.headers.get('location')]).toEqual([303, '?page=owner&owner=bea']);
    expect(await factory.owners.list('bea')).toEqual([]);
    expect(await (await visit('?page=owner&owner=bea', ada)).text()).toContain('1 session ended.');
  });

  it('streams changes until the session ends, or the client goes', async () => {
    const { factory, cookies, visit } = await open(start);
    const ada = await cookies('ada');
    const stream = await visit('?page=stream', ada);
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    const readUntil = async (what: string): Promise<void> => {
      while (!seen.includes(what)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`The stream ended after ${JSON.stringify(seen)}`);
        seen += value;
      }
    };
    await readUntil(':\n\n');
    await cookies('bea');
    await readUntil('event: change\n');
    await factory.owners.revoke('ada');
    for (let done = false; !done;) ({ done } = await reader.read());

    const again = await cookies('ada');
    const left = new AbortController();
    const second = await visit('?page=stream', again, { signal: left.signal });
    await second.body!.getReader().read();
    expect(listening.size).toBe(1);
    left.abort();
    // What a framework reads from a stream, it leaves with the next thing that comes: an event, or the heartbeat.
    await vi.waitFor(async () => {
      await cookies('cy');
      expect(listening.size).toBe(0);
    });
  });
});
