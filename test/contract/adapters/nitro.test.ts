import { Readable } from 'node:stream';
import { createApp, createError, createRouter, eventHandler, fetchWithEvent, toNodeListener, type App } from 'h3-1';
import { fetchNodeRequestHandler } from 'node-mock-http';
import { describe, expect, test } from 'vitest';
import { createSessionFactory, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { sessions } from 'websauna-session/nitro';
import type { AnySession } from 'websauna-session/testing';
import { runContract, serve, statusOf, writeLate } from './run-contract.ts';

runContract('h3 1, as in Nitro 2', async ({ sessions: given, routes, lateHeaders, onError }, prefix) => {
  const app = createApp({ onError: (error) => onError(error.cause ?? error) });
  const late = (position: 'in front' | 'behind') =>
    eventHandler((event) => writeLate(event.node.res, lateHeaders, position));
  app.use(late('in front'));
  for (const { given: each, property = 'session' } of given) {
    app.use(
      sessions(each, {
        property,
        onError(error, { node: { res } }) {
          onError(error);
          res.statusCode = statusOf(error);
          res.end('failed');
        },
      }),
    );
  }
  app.use(late('behind'));
  const router = createRouter();
  for (const [path, handler] of Object.entries(routes)) {
    const answer = eventHandler(async ({ context, node: { res } }) => {
      const { session, second } = context as unknown as Record<'session' | 'second', AnySession>;
      const { status = 200, headers = {}, body = '', stream, redirect } = await handler(session, second);
      for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
      res.statusCode = redirect === undefined ? status : 302;
      if (redirect !== undefined) res.setHeader('location', prefix + redirect);
      return stream === undefined ? body : Readable.from(stream);
    });
    router.use(prefix + path, answer);
  }
  app.use(router);
  return await serve(toNodeListener(app));
});

const secret = 'thirty-two bytes of secret or more';
type Fetching = { $fetch(url: string): Promise<Response> };
type Visited = WebsaunaSession<{ from: string }>;

/** Makes Nitro's functions that request the application itself, as Nitro 2 does. */
function createNitro(factory = createSessionFactory<{ from: string }>({ secret })) {
  const app: App = createApp({
    onRequest(event) {
      const $fetch = (url: string): unknown => fetchWithEvent(event, url, undefined, { fetch: localFetch });
      Object.assign(event, { $fetch });
    },
  });
  const localFetch = (url: string, init?: object): Promise<Response> =>
    fetchNodeRequestHandler(toNodeListener(app), url, init);
  app.use(sessions(factory));
  app.use(
    '/inner',
    eventHandler(({ context, path }) => {
      const session = context['session'] as Visited;
      session.set('from', path.slice(path.indexOf('=') + 1));
      return session.owner ?? 'stranger';
    }),
  );
  return { app, localFetch };
}

const cookiesOf = (response: Response): string[] =>
  response.headers.getSetCookie().map((line) => line.slice(0, line.indexOf('=')));

describe('requests that Nitro makes of itself', () => {
  test('share the session of the event that makes them, which commits it once', async () => {
    const { app } = createNitro();
    app.use(
      '/outer',
      eventHandler(async (event) => {
        (event.context['session'] as Visited).login('alice');
        const response = await (event as unknown as Fetching).$fetch('/inner?from=event');
        return { text: await response.text(), cookies: cookiesOf(response) };
      }),
    );
    const { origin, close } = await serve(toNodeListener(app));
    const response = await fetch(`${origin}/outer`);
    expect(await response.json()).toEqual({ text: 'alice', cookies: [] });
    expect(cookiesOf(response)).toEqual(['session']);
    await close();
  });

  test('have none of the visitor without the event: nothing is shared, and a write is refused', async () => {
    const { app, localFetch } = createNitro();
    app.use(
      '/outer',
      eventHandler(async ({ context }) => {
        const session = context['session'] as Visited;
        session.set('from', 'outer');
        const response = await localFetch('/inner?from=inner');
        return { status: response.status, from: session.get('from') };
      }),
    );
    const { origin, close } = await serve(toNodeListener(app));
    const response = await fetch(`${origin}/outer`);
    expect(await response.json()).toEqual({ status: 500, from: 'outer' });
    expect(cookiesOf(response)).toEqual(['session']);
    await close();
  });

  test('a thrown error keeps the cookie', async () => {
    const { app } = createNitro();
    app.use(
      '/error',
      eventHandler(({ context }) => {
        (context['session'] as Visited).set('from', 'error');
        throw createError({ statusCode: 409 });
      }),
    );
    const { origin, close } = await serve(toNodeListener(app));
    const response = await fetch(`${origin}/error`);
    expect([response.status, cookiesOf(response)]).toEqual([409, ['session']]);
    await close();
  });
});

test('a store that fails is answered with 503 and a line of text, unless the application does it', async () => {
  const failing = (): Promise<never> => Promise.reject(new Error('redis://user:password@host'));
  const store = Object.assign(new MemoryStore(), { create: failing });
  const { app } = createNitro(createSessionFactory<{ from: string }>({ secret, store }));
  const { origin, close } = await serve(toNodeListener(app));
  const response = await fetch(`${origin}/inner?from=a`);
  expect([response.status, await response.text()]).toEqual([503, 'The service is unavailable for a moment\n']);
  expect(cookiesOf(response)).toEqual([]);
  await close();
});
