import { describe, expect, test } from 'vitest';
import { createSessionFactory, type WebsaunaSession } from 'websauna-session';
import { sessions, type SvelteKitEvent, type SvelteKitHandle } from 'websauna-session/sveltekit';
import type { AnySession } from 'websauna-session/testing';
import { direct, errorResponder, PEER, runContract, toResponse } from './run-contract.ts';

interface Locals {
  session: AnySession;
  second: AnySession;
}

/** SvelteKit's `sequence`. */
function sequence([first, ...rest]: readonly SvelteKitHandle[]): SvelteKitHandle {
  if (rest.length === 0) return first!;
  return async ({ event, resolve }) =>
    await first!({ event, resolve: (inner) => sequence(rest)({ event: inner, resolve }) });
}

// SvelteKit itself, which needs a bundler, is tried in examples/sveltekit.
runContract('SvelteKit', (app, prefix) => {
  const { sessions: given, routes, lateHeaders } = app;
  const fail = errorResponder(app);
  const handle = sequence(given.map(({ given: each, property }) => sessions(each, { property, onError: fail })));
  const resolve = async ({ request, locals }: SvelteKitEvent): Promise<Response> => {
    const handler = routes[new URL(request.url).pathname.slice(prefix.length)];
    if (handler === undefined) return new Response(null, { status: 404 });
    const { session, second } = locals as Locals;
    const response = toResponse(await handler(session, second), request.url, prefix);
    for (const [name, value] of Object.entries(lateHeaders?.headers ?? {})) response.headers.set(name, value);
    return request.method === 'HEAD' ? new Response(null, response) : response;
  };
  return direct((request) =>
    handle({ event: { request, locals: {}, isSubRequest: false, getClientAddress: () => PEER }, resolve }),
  );
});

const secret = 'thirty-two bytes of secret or more';

function createEvent(more: Partial<SvelteKitEvent> = {}): SvelteKitEvent & { readonly locals: Locals } {
  const locals = {} as Locals;
  const request = new Request('http://localhost/');
  return { request, isSubRequest: false, getClientAddress: () => PEER, ...more, locals };
}

describe('the handle hook of SvelteKit', () => {
  test('a page that is prerendered has no session, and says what to set when it asks for one', async () => {
    const getClientAddress = (): string => {
      throw new Error('Cannot read clientAddress during prerendering');
    };
    const event = createEvent({ getClientAddress });
    const handle = sessions(createSessionFactory({ secret }));
    const response = await handle({ event, resolve: () => new Response('page') });
    expect([await response.text(), response.headers.getSetCookie()]).toEqual(['page', []]);
    expect(() => event.locals.session).toThrow(/while a page is prerendered: .*`export const prerender = false`/);
  });

  test.each<[string, unknown]>([
    ['an error', new Error('adapter-x does not specify getClientAddress. Please raise an issue')],
    ['anything else', 'unknown'],
  ])('a platform that does not know the address, and throws %s, has sessions without one', async (_name, thrown) => {
    const factory = createSessionFactory({ secret });
    const logIn = async (getClientAddress: () => string): Promise<string | null | undefined> => {
      const event = createEvent({ getClientAddress });
      const resolve = ({ locals }: { locals: object }): Response => {
        (locals as Locals).session.login('alice');
        return new Response();
      };
      await sessions(factory)({ event, resolve });
      const [session] = await factory.owners.list('alice');
      await factory.owners.revoke('alice');
      return session?.clientAddress;
    };
    expect(await logIn(() => PEER)).toBe(PEER);
    expect(
      await logIn(() => {
        throw thrown;
      }),
    ).toBeNull();
  });

  test('what a page requests of its own application shares the session, unless it is asked for without', async () => {
    const handle = sessions(createSessionFactory({ secret }));
    const found: boolean[] = [];
    const part = async (own: WebsaunaSession, init: RequestInit): Promise<void> => {
      const event = createEvent({ request: new Request('http://localhost/part', init), isSubRequest: true });
      const resolve = ({ locals }: { locals: object }): Response => {
        found.push((locals as Locals).session === own);
        return new Response();
      };
      await handle({ event, resolve });
    };
    const event = createEvent();
    const resolve = async ({ locals }: { locals: object }): Promise<Response> => {
      const { session } = locals as Locals;
      await part(session, {});
      await part(session, { credentials: 'omit' });
      return new Response();
    };
    await handle({ event, resolve });
    expect(found).toEqual([true, false]);
  });
});
