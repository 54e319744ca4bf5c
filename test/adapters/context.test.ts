import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, test } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { getSession, serve } from 'websauna-session/context';

const SECRET = 'nothing that a site may use, but long enough';

function newFactory(): SessionFactory {
  return createSessionFactory({ secret: SECRET });
}

function visit(cookie?: string): Request {
  return new Request('https://shop.example/', cookie === undefined ? {} : { headers: { cookie } });
}

function cookieOf(response: Response): string {
  const [cookie] = response.headers.getSetCookie();
  assert.ok(cookie !== undefined, 'the response sets the cookie');
  return cookie.split(';')[0]!;
}

describe('the context of a request', () => {
  test('getSession() returns the session of its own request, however many run at once', async () => {
    const factory = newFactory();
    const remember = async (name: string): Promise<string> => {
      const response = await serve(factory, visit(), async () => {
        getSession().set('name', name);
        await nextTurn();
        return new Response();
      });
      return cookieOf(response);
    };
    const names = ['ada', 'grace', 'barbara'];
    const cookies = await Promise.all(names.map(remember));
    const texts = cookies.map(async (cookie) => {
      const response = await serve(factory, visit(cookie), async () => {
        await nextTurn();
        return Response.json(getSession().get('name'));
      });
      return await response.json();
    });
    assert.deepEqual(await Promise.all(texts), names);
  });

  test('getSession() outside of a request says what to do', () => {
    assert.throws(() => getSession(), { name: 'TypeError', message: /called while a request is handled/ });
  });

  test('getSession(factory) finds the session of that factory', async () => {
    const [outer, inner] = [newFactory(), newFactory()];
    await serve(outer, visit(), async () => {
      getSession().set('is', 'outer');
      return await serve(inner, visit(), () => {
        getSession().set('is', 'inner');
        assert.equal(getSession(outer).get('is'), 'outer');
        assert.equal(getSession(inner).get('is'), 'inner');
        assert.equal(getSession().get('is'), 'inner');
        return new Response();
      });
    });
    await serve(inner, visit(), () => {
      assert.throws(() => getSession(outer), TypeError);
      return new Response();
    });
  });

  test('a request that the application sends to itself shares the session, and sets no cookie of its own', async () => {
    const factory = newFactory();
    let inner: Response | undefined;
    const response = await serve(factory, visit(), async (session) => {
      session.set('page', 1);
      inner = await serve(
        factory,
        visit(),
        () => {
          assert.equal(getSession().get('page'), 1);
          getSession().set('part', 2);
          return new Response();
        },
        { isSubRequest: true },
      );
      assert.equal(session.get('part'), 2);
      return new Response();
    });
    assert.deepEqual(inner!.headers.getSetCookie(), []);
    const after = await serve(factory, visit(cookieOf(response)), (session) => Response.json({ ...session.data }));
    assert.deepEqual(await after.json(), { page: 1, part: 2 });
  });

  test('C9: a request that only looks nested has a session of its own', async () => {
    const factory = newFactory();
    await serve(factory, visit(), async (session) => {
      session.login('ada');
      await serve(factory, visit(), (other) => {
        assert.equal(other.owner, null);
        assert.equal(getSession(), other);
        return new Response();
      });
      assert.equal(getSession(), session);
      return new Response();
    });
  });

  test('a sub-request without a request around it has a session of its own', async () => {
    const response = await serve(
      newFactory(),
      visit(),
      (session) => {
        session.set('a', 1);
        return new Response();
      },
      { isSubRequest: true },
    );
    cookieOf(response);
  });

  test('refuses options in place of a factory, which would be another one for each request', async () => {
    const options = { secret: SECRET } as unknown as SessionFactory;
    await assert.rejects(
      serve(options, visit(), () => new Response()),
      { name: 'TypeError', message: /Expected `factory` to be what `createSessionFactory` returns/ },
    );
  });
});
