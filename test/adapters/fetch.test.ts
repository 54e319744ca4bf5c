import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { sessions, withSession } from 'websauna-session/fetch';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';

const SECRET = 'nothing that a site may use, but long enough';
const request = new Request('https://shop.example/');

function factoryWith(failing = false): SessionFactory {
  const store = interceptStore(new MemoryStore(), (operation) => {
    if (failing && operation === 'create') throw new Error('connection lost');
  });
  return createSessionFactory({ secret: SECRET, store });
}

/** Each of two visitors has a cookie of its own, and a request that leaves its session alone has none. */
function assertOwnCookies([first, second, plain]: readonly string[][]): void {
  assert.deepEqual([first?.length, second?.length, plain?.length], [1, 1, 0]);
  assert.notEqual(first![0], second![0]);
}

describe('Fetch', () => {
  test('a response to which nothing is added is the one that goes out', async () => {
    const response = new Response('hello');
    assert.equal(await withSession(factoryWith(), () => response)(request), response);
  });

  test.each([
    ['without a body', new Response(null, { status: 204, headers: { 'x-a': 'a' } }), ''],
    ['with a body', new Response('hello', { status: 201, headers: { 'x-a': 'a' } }), 'hello'],
  ])('C9: a constant response %s is never written into', async (_name, constant, body) => {
    const before = [...constant.headers];
    const handler = withSession(factoryWith(), (asked, session) => {
      if (!asked.url.endsWith('/plain')) session.set('a', 1);
      return body === '' ? constant : constant.clone();
    });
    const cookies: string[][] = [];
    for (const path of ['first', 'second', 'plain']) {
      const response = await handler(new Request(request.url + path));
      assert.equal(response.status, constant.status);
      assert.equal(await response.text(), body);
      assert.equal(response.headers.get('x-a'), 'a');
      cookies.push(response.headers.getSetCookie());
    }
    assert.deepEqual([...constant.headers], before);
    assertOwnCookies(cookies);
  });

  test('C9: a response with a body that is returned itself is not written into either', async () => {
    const constant = new Response('hello');
    const before = [...constant.headers];
    const handler = withSession(factoryWith(), (_request, session) => {
      session.set('a', 1);
      return constant;
    });
    const response = await handler(request);
    assert.match(response.headers.get('set-cookie') ?? '', /^session=.*; Secure/);
    assert.equal(await response.text(), 'hello');
    assert.deepEqual([...constant.headers], before);
  });

  test.each([
    ['Response.redirect()', () => Response.redirect('https://shop.example/elsewhere', 303)],
    ['fetch()', () => fetch('data:text/plain,hello')],
  ])('the headers of %s are immutable: a copy goes out', async (_name, make) => {
    const handler = withSession(factoryWith(), async (_request, session) => {
      session.set('a', 1);
      return await make();
    });
    const plain = await make();
    const response = await handler(request);
    assert.equal(response.status, plain.status);
    assert.equal(await response.text(), await plain.text());
    for (const [name, value] of plain.headers) assert.equal(response.headers.get(name), value);
    assert.match(response.headers.get('set-cookie') ?? '', /^session=/);
  });

  test("further arguments are the platform's", async () => {
    const handler = withSession(
      { secret: SECRET, clientAddress: 'full' },
      (_request, session, context: { params: { id: string }; ip: string }) =>
        Response.json([context.params.id, session.clientAddress]),
      { clientAddress: (_request, { ip }) => ip },
    );
    const response = await handler(request, { params: { id: '7' }, ip: '192.0.2.9' });
    assert.deepEqual(await response.json(), ['7', '192.0.2.9']);
  });

  test.each([['hello'], [{ ok: true }], [42]])(
    'a handler that returns %j is told to return a Response',
    async (given) => {
      const handler = withSession(createSessionFactory({ secret: SECRET }), () => given as unknown as Response);
      await assert.rejects(handler(new Request('http://localhost/')), {
        name: 'TypeError',
        message: /Expected `response` to be the Response that a handler returns, got /,
      });
    },
  );

  test('an error of the handler is thrown on, and a session that could get no cookie is not stored', async () => {
    const store = new MemoryStore();
    const handler = withSession({ secret: SECRET, store }, (_request, session) => {
      session.set('a', 1);
      throw new Error('the handler failed');
    });
    await assert.rejects(handler(request), /the handler failed/);
    assert.equal(store.size, 0);
  });

  test('an error of the session is answered with its status, wherever it comes from', async () => {
    const wrap = sessions(factoryWith(true));
    const commit = wrap((_request, session) => new Response(String(session.set('a', 1).size)));
    const handled = wrap((_request, session) => {
      session.requireFresh(60);
      return new Response('secret');
    });
    for (const [handler, status] of [
      [commit, 503],
      [handled, 403],
    ] as const) {
      const response = await handler(request);
      assert.equal(response.status, status);
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.equal(response.headers.get('set-cookie'), null);
    }
  });

  test('`onError` makes the response, and its own failure is thrown on', async () => {
    const given: unknown[] = [];
    const handler = (onError: (error: unknown) => Response): Promise<Response> =>
      withSession(factoryWith(true), (_request, session) => new Response(String(session.set('a', 1).size)), {
        onError,
      })(request);
    const response = await handler((error) => {
      given.push((error as { code: string }).code);
      return new Response('sorry', { status: 503 });
    });
    assert.equal(await response.text(), 'sorry');
    assert.deepEqual(given, ['ERR_SESSION_STORE']);
    await assert.rejects(
      handler(() => {
        throw new Error('sorry, too');
      }),
      /sorry, too/,
    );
  });

  test('the body that is not sent is let go', async () => {
    let reason: unknown = 'not cancelled';
    const body = new ReadableStream({ cancel: (given) => void (reason = given) });
    const handler = withSession(factoryWith(true), (_request, session) => {
      session.set('a', 1);
      return new Response(body);
    });
    assert.equal((await handler(request)).status, 503);
    assert.equal(reason, undefined);
  });
});
