import { describe, expect, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { sessions, type AstroContext, type AstroMiddleware } from 'websauna-session/astro';
import type { AnySession } from 'websauna-session/testing';
import { direct, errorResponder, PEER, runContract, toResponse } from './run-contract.ts';

interface Locals {
  session: AnySession;
  second: AnySession;
}

/** Astro's `sequence`. */
function sequence([first, ...rest]: readonly AstroMiddleware[]): AstroMiddleware {
  if (first === undefined) return async (_context, next) => await next();
  return async (context, next) => await first(context, () => sequence(rest)(context, next));
}

// Astro itself, which needs a bundler, is tried in examples/astro.
runContract('Astro', (app, prefix) => {
  const { sessions: given, routes, lateHeaders } = app;
  const fail = errorResponder(app);
  const onRequest = sequence(given.map(({ given: each, property }) => sessions(each, { property, onError: fail })));
  const render = async ({ request, locals }: AstroContext): Promise<Response> => {
    const handler = routes[new URL(request.url).pathname.slice(prefix.length)];
    if (handler === undefined) return new Response(null, { status: 404 });
    const { session, second } = locals as Locals;
    const response = toResponse(await handler(session, second), request.url, prefix);
    for (const [name, value] of Object.entries(lateHeaders?.headers ?? {})) response.headers.set(name, value);
    return request.method === 'HEAD' ? new Response(null, response) : response;
  };
  return direct(async (request) => {
    const context = { request, locals: {}, isPrerendered: false, clientAddress: PEER };
    return await onRequest(context, () => render(context));
  });
});

describe('the middleware of Astro', () => {
  const factory = createSessionFactory<{ n: number }>({
    secret: 'thirty-two bytes of secret or more',
  });
  const onRequest = sessions(factory);

  function createContext(more: Partial<AstroContext> = {}): AstroContext & { readonly locals: Locals } {
    const request = new Request('http://localhost/');
    return { request, isPrerendered: false, clientAddress: PEER, ...more, locals: {} as Locals };
  }

  test('a page that is prerendered has no session, and says what to set when it asks for one', async () => {
    const context = createContext({ isPrerendered: true });
    const response = await onRequest(context, async () => new Response('page'));
    expect([await response.text(), response.headers.getSetCookie()]).toEqual(['page', []]);
    expect(() => context.locals.session).toThrow(/while a page is prerendered: .*`export const prerender = false`/);
  });

  test('a page that rewrites its request goes on with the session, which is committed once', async () => {
    const context = createContext();
    const response = await onRequest(context, async () => {
      const { session } = context.locals;
      session.set('n', 1);
      return await onRequest(context, async () => {
        expect(context.locals.session).toBe(session);
        return new Response();
      });
    });
    expect(response.headers.getSetCookie()).toHaveLength(1);
  });

  test('an adapter that does not know the address has sessions without one', async () => {
    const context = Object.defineProperty(createContext(), 'clientAddress', {
      get(): string {
        throw new Error('`clientAddress` is not available in the adapter');
      },
    });
    await onRequest(context, async () => {
      context.locals.session.login('alice');
      return new Response();
    });
    const [session] = await factory.owners.list('alice');
    expect(session?.clientAddress).toBeNull();
  });
});
