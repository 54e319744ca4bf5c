import type { ServerResponse } from 'node:http';
import { H3, HTTPError } from 'h3';
import { toNodeHandler } from 'h3/node';
import { expect, test } from 'vitest';
import { createSessionFactory, type WebsaunaSession } from 'websauna-session';
import { markSubRequest, sessions } from 'websauna-session/h3';
import type { AnySession } from 'websauna-session/testing';
import { direct, PEER, runContract, serve, statusOf, toResponse } from './run-contract.ts';

runContract('h3 2', ({ sessions: given, routes, lateHeaders, onError }, prefix) => {
  const fail = (error: unknown): Response => {
    onError(error);
    return new Response('failed', { status: statusOf(error) });
  };
  const app = new H3({ silent: true, onError: (error) => fail(error.cause ?? error) });
  for (const { given: each, property = 'session' } of given) {
    app.use(sessions(each, { property, clientAddress: () => PEER, onError: fail }));
  }
  for (const [path, handler] of Object.entries(routes)) {
    app.all(prefix + path, async ({ context, req }) => {
      const { session, second } = context as Record<'session' | 'second', AnySession>;
      const response = toResponse(await handler(session, second), req.url, prefix);
      for (const [name, value] of Object.entries(lateHeaders?.headers ?? {})) response.headers.set(name, value);
      return req.method === 'HEAD' ? new Response(null, response) : response;
    });
  }
  return direct((request) => app.fetch(request));
});

const secret = 'thirty-two bytes of secret or more';
type Visited = WebsaunaSession<{ from: string }>;

function application(): H3 {
  const app = new H3({ silent: true });
  app.use(sessions(createSessionFactory<{ from: string }>({ secret })));
  app.get('/inner', ({ context, url }) => {
    (context['session'] as Visited).set('from', url.searchParams.get('from')!);
    return 'inner';
  });
  return app;
}

const cookiesOf = (response: Response): string[] =>
  response.headers.getSetCookie().map((line) => line.slice(0, line.indexOf('=')));

test('a request with the context of another one, or with a mark, shares its session; no other does', async () => {
  const app = application();
  app.get('/outer', async ({ context }) => {
    const session = context['session'] as Visited;
    const seen = [];
    for (const [from, request] of Object.entries({
      another: () => app.request('/inner?from=another'),
      context: () => app.request('/inner?from=context', {}, context),
      mark: () => app.fetch(markSubRequest(new Request('http://localhost/inner?from=mark'))),
    })) {
      const response = await request();
      seen.push([from, session.get('from') ?? null, cookiesOf(response).length]);
    }
    return seen;
  });
  const response = await app.request('/outer');
  expect(await response.json()).toEqual([
    ['another', null, 1],
    ['context', 'context', 0],
    ['mark', 'mark', 0],
  ]);
  expect(cookiesOf(response)).toEqual(['session']);
});

test('a thrown `HTTPError`, a route that does not exist and prepared headers keep the cookie', async () => {
  const app = application();
  app.use('/missing/**', ({ context }) => {
    (context['session'] as Visited).set('from', 'missing');
  });
  app.get('/error', ({ context, res }) => {
    (context['session'] as Visited).set('from', 'error');
    res.errHeaders.set('x-error', 'yes');
    throw new HTTPError({ status: 409, message: 'Not now' });
  });
  app.get('/prepared', ({ context, res }) => {
    (context['session'] as Visited).set('from', 'prepared');
    res.headers.append('set-cookie', 'theme=dark');
    res.status = 201;
    return { ok: true };
  });
  const error = await app.request('/error');
  expect([error.status, cookiesOf(error), error.headers.get('x-error')]).toEqual([409, ['session'], 'yes']);
  const prepared = await app.request('/prepared');
  expect([prepared.status, cookiesOf(prepared).toSorted()]).toEqual([201, ['session', 'theme']]);
  expect(await prepared.json()).toEqual({ ok: true });
  const missing = await app.request('/missing/page');
  expect([missing.status, cookiesOf(missing)]).toEqual([404, ['session']]);
});

test('hooks for responses run once, and see the cookie', async () => {
  const seen: string[][] = [];
  const app = new H3({ onResponse: (response) => void seen.push(cookiesOf(response)) });
  app.use(sessions(createSessionFactory<{ from: string }>({ secret })));
  app.get('/', ({ context }) => {
    (context['session'] as Visited).set('from', 'hook');
    return 'ok';
  });
  await app.request('/');
  expect(seen).toEqual([['session']]);
});

test('a handler that answers by the response of Node has its session, whose changes are stored', async () => {
  const factory = createSessionFactory<{ from: string }>({ secret });
  const app = new H3({ silent: true });
  app.use(sessions(factory));
  app.get('/begin', ({ context }) => {
    (context['session'] as Visited).set('from', 'begin');
    return 'ok';
  });
  app.get('/read', ({ context }) => (context['session'] as Visited).get('from'));
  app.get('/past', async ({ context, runtime }) => {
    const session = context['session'] as Visited;
    session.set('from', 'past');
    const res = runtime!.node!.res as ServerResponse;
    res.setHeader('x-past', 'yes');
    await new Promise<void>((resolve) => res.end('past h3', resolve));
  });
  const { origin, close } = await serve(toNodeHandler(app));
  const begin = await fetch(`${origin}/begin`);
  const cookie = begin.headers.getSetCookie()[0]!.split(';')[0]!;
  const past = await fetch(`${origin}/past`, { headers: { cookie } });
  expect([past.headers.get('x-past'), await past.text(), cookiesOf(past)]).toEqual(['yes', 'past h3', []]);
  const discarded: string[] = [];
  factory.on('discarded', ({ reason }) => discarded.push(reason));
  factory.on('created', () => discarded.push('created'));
  await fetch(`${origin}/past`);
  expect(discarded).toEqual(['cacheable']);
  expect(await (await fetch(`${origin}/read`, { headers: { cookie } })).text()).toBe('past');
  await close();
});
