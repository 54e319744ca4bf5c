import { Elysia } from 'elysia';
import { expect, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { getSession, markSubRequest, sessions } from 'websauna-session/elysia';
import type { AnySession } from 'websauna-session/testing';
import { direct, PEER, runContract, statusOf, toResponse } from './run-contract.ts';

runContract('Elysia', ({ sessions: given, routes, lateHeaders, onError }, prefix) => {
  const app = new Elysia({ prefix });
  const fail = (error: unknown): Response => {
    onError(error);
    return new Response('failed', { status: statusOf(error) });
  };
  for (const { given: each, property } of given) {
    app.use(sessions(each, { property, clientAddress: () => PEER, onError: fail }) as unknown as Elysia);
  }
  app.onError(({ error }) => fail(error));
  for (const [path, handler] of Object.entries(routes)) {
    app.all(path, async (context) => {
      const { session, second } = context as unknown as Record<'session' | 'second', AnySession>;
      const response = toResponse(await handler(session, second), context.request.url, prefix);
      for (const [name, value] of Object.entries(lateHeaders?.headers ?? {})) response.headers.set(name, value);
      return context.request.method === 'HEAD' ? new Response(null, response) : response;
    });
  }
  return direct((request) => app.handle(request));
});

const secret = 'thirty-two bytes of secret or more';

test('a request that is marked shares the session of the request that it is made in; another one does not', async () => {
  const factory = createSessionFactory<{ from: string }>({ secret });
  const handle = (request: Request): Promise<Response> => app.handle(request);
  const app = new Elysia()
    .use(sessions(factory))
    .get('/inner', ({ session, query }) => {
      session.set('from', query['from']!);
      return session.get('from');
    })
    .get('/outer', async ({ session }) => {
      const anonymous = await handle(new Request('http://localhost/inner?from=another'));
      const shared = await handle(markSubRequest(new Request('http://localhost/inner?from=own')));
      return {
        from: session.get('from'),
        cookies: [anonymous.headers.getSetCookie().length, shared.headers.getSetCookie().length],
      };
    });
  const response = await handle(new Request('http://localhost/outer'));
  expect(await response.json()).toEqual({ from: 'own', cookies: [1, 0] });
  expect(response.headers.getSetCookie()).toHaveLength(1);
  // There is no outer request: it has a session of its own.
  const alone = await handle(markSubRequest(new Request('http://localhost/inner?from=alone')));
  expect(alone.headers.getSetCookie()).toHaveLength(1);
});

test('two factories in one application both open their sessions, and one that is used twice opens one', async () => {
  const first = createSessionFactory<{ n: number }>({ secret });
  const second = createSessionFactory<{ n: number }>({ secret, cookie: { name: 'second' } });
  const names = async (app: Elysia): Promise<string[]> => {
    const response = await app.handle(new Request('http://localhost/'));
    return response.headers.getSetCookie().map((line) => line.split('=')[0]!);
  };
  const app = new Elysia()
    .use(sessions(first))
    .use(sessions(second, { property: 'second' }))
    // Elysia removes what looks like a copy when it takes another plugin that wraps.
    .use(new Elysia({ name: 'another' }).wrap((next) => next as never))
    .get('/', ({ session, second: other }) => {
      session.set('n', 1);
      other.set('n', 2);
      expect(getSession(second)).toBe(other);
      return 'ok';
    });
  expect((await names(app as unknown as Elysia)).toSorted()).toEqual(['second', 'session']);

  const twice = new Elysia()
    .use(sessions(first))
    .use(sessions(first))
    .get('/', ({ session }) => {
      session.set('n', 1);
      return 'ok';
    });
  expect(await names(twice as unknown as Elysia)).toEqual(['session']);
});

test('the cookie reaches the client beside one of the application, in a redirect, and in an error', async () => {
  const app = new Elysia()
    .use(sessions(createSessionFactory<{ n: number }>({ secret })))
    .get('/cookie', ({ session, cookie }) => {
      session.set('n', 1);
      cookie['theme']!.value = 'dark';
      return 'ok';
    })
    .get('/redirect', ({ session, redirect }) => {
      session.set('n', 1);
      throw redirect('http://localhost/');
    })
    .get('/status', ({ session, status }) => {
      session.set('n', 1);
      throw status(409, 'Not now');
    });
  const cookies = async (path: string): Promise<[number, string[]]> => {
    const response = await app.handle(new Request(`http://localhost${path}`));
    return [response.status, response.headers.getSetCookie().map((line) => line.split('=')[0]!)];
  };
  expect(await cookies('/cookie')).toEqual([200, ['theme', 'session']]);
  expect(await cookies('/redirect')).toEqual([302, ['session']]);
  expect(await cookies('/status')).toEqual([409, ['session']]);
});

test('the address is that which the adapter for Node has found, or which the application knows', async () => {
  const factory = createSessionFactory({ secret });
  const addressOf = async (options: { clientAddress?: () => string | undefined } = {}): Promise<unknown> => {
    const app = new Elysia().use(sessions(factory, options)).get('/', ({ session }) => {
      session.login('alice');
      return 'ok';
    });
    await app.handle(Object.assign(new Request('http://localhost/'), { ip: '192.0.2.7' }));
    const [session] = await factory.owners.list('alice');
    await factory.owners.revoke('alice');
    return session?.clientAddress;
  };
  expect(await addressOf()).toBe('192.0.2.7');
  expect(await addressOf({ clientAddress: () => '192.0.2.8' })).toBe('192.0.2.8');
  expect(await addressOf({ clientAddress: () => undefined })).toBeNull();
});
