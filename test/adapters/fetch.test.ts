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

describe('Fetch', () => {
  test('the response that the handler gave is the one that goes out', async () => {
    const response = new Response('hello');
    const handler = withSession(factoryWith(), (_request, session) => {
      session.set('a', 1);
      return response;
    });
    assert.equal(await handler(request), response);
    assert.match(response.headers.get('set-cookie') ?? '', /^session=.*; Secure/);
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
      factoryWith(),
      (_request, session, context: { params: { id: string }; ip: string }) =>
        Response.json([context.params.id, session.clientAddress]),
      { clientAddress: (_request, { ip }) => ip },
    );
    const response = await handler(request, { params: { id: '7' }, ip: '192.0.2.9' });
    assert.deepEqual(await response.json(), ['7', '192.0.2.9']);
  });

  test('an error of the handler is thrown on, and nothing is stored', async () => {
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
