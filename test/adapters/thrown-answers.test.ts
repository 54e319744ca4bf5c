import assert from 'node:assert/strict';
import { Hono } from 'hono';
import { describe, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import { withSession } from 'websauna-session/fetch';
import { sessions as honoSessions, type SessionVariables } from 'websauna-session/hono';
import { MemoryStore } from 'websauna-session/memory';

const SECRET = 'nothing that a site may use, but long enough';
const request = new Request('https://shop.example/');

const newFactory = (): SessionFactory => createSessionFactory({ secret: SECRET, store: new MemoryStore() });

/** An error with these members, thrown as frameworks do it. */
const errorWith = (members: object): Error => Object.assign(new Error('thrown'), members);

const throwIt = (value: unknown) => (): never => {
  throw value;
};

/** A client of one factory, whose handler changes its session and throws. */
async function throwing(
  value: unknown,
  { change = (session) => void session.set('a', 2), known = true, cookie: attributes = {} }: ThrowingOptions = {},
): Promise<{ outcome: unknown; stored: unknown; cookies: string[] }> {
  const factory = createSessionFactory({ secret: SECRET, store: new MemoryStore(), cookie: attributes });
  const begin = withSession(factory, (_request, session) => new Response(String(session.set('a', 1).size)));
  let cookie = !known ? '' : (await begin(request)).headers.getSetCookie()[0]!.split(';')[0]!;
  const act = withSession(factory, (_request, session) => {
    change(session);
    throw value;
  });
  const outcome: unknown = await act(new Request(request, { headers: { cookie } })).catch((error: unknown) => error);
  const cookies = outcome instanceof Response ? outcome.headers.getSetCookie() : [];
  if (cookies.length > 0) cookie = cookies[0]!.split(';')[0]!;
  const read = withSession(factory, (_request, session) => Response.json([session.get('a'), session.owner]));
  const stored: unknown = await (await read(new Request(request, { headers: { cookie } }))).json();
  return { outcome, stored, cookies };
}

interface ThrowingOptions {
  readonly change?: (session: WebsaunaSession) => void;
  readonly cookie?: { readonly onException?: boolean };
  /** Whether the client has a session already. Default `true`. */
  readonly known?: boolean;
}

describe('A handler of the Fetch adapter that answers by throwing', () => {
  const login = (session: WebsaunaSession): void => session.login('alice');

  test('has its changes stored, and its response thrown on with the cookie', async () => {
    const answer = Response.redirect('https://shop.example/elsewhere', 303);
    const { outcome, stored, cookies } = await throwing(answer, { change: login });
    assert.ok(outcome instanceof Response);
    assert.deepEqual([outcome.status, outcome.headers.get('location')], [303, 'https://shop.example/elsewhere']);
    assert.deepEqual([cookies.length, stored], [1, [1, 'alice']]);
    assert.deepEqual(answer.headers.getSetCookie(), []);
  });

  test.each<[string, object]>([
    ['a redirect to a place that no header can name', errorWith({ status: 302, location: '/日本' })],
    ['one of Next to such a place', errorWith({ digest: 'NEXT_REDIRECT;push;/日本;307;' })],
    ['an error page of a status that there is not', errorWith({ digest: 'NEXT_HTTP_ERROR_FALLBACK;99' })],
    ['a redirect whose status is none', errorWith({ status: 503, location: '/elsewhere' })],
    ["an error with React's digest", errorWith({ digest: '1234567890' })],
    ['an error that fails to make its response', errorWith({ getResponse: () => assert.fail('no response') })],
  ])('has its changes stored, and %s thrown on', async (_what, value) => {
    const { outcome, stored } = await throwing(value);
    assert.equal(outcome, value);
    assert.deepEqual(stored, [2, null]);
  });

  test('has what a new session was to store discarded because of the error, and not of a cache', async () => {
    const factory = newFactory();
    const reasons: string[] = [];
    factory.on('discarded', ({ reason }) => reasons.push(`discarded: ${reason}`));
    factory.on('cookieSuppressed', ({ reason }) => reasons.push(`cookieSuppressed: ${reason}`));
    const act = withSession(factory, (_request, session) => throwIt(new Error(String(session.set('a', 1).size)))());
    await assert.rejects(async () => await act(request), { message: '1' });
    assert.deepEqual(reasons.toSorted(), ['cookieSuppressed: exception', 'discarded: exception']);
  });

  test('has a response to which nothing is added thrown on as it is', async () => {
    const answer = new Response(null, { status: 404 });
    const handler = withSession(newFactory(), throwIt(answer));
    assert.equal(await handler(request).catch((error: unknown) => error), answer);
  });

  test.each([
    ["Next's redirect()", { digest: 'NEXT_REDIRECT;replace;/a;b?c=1;307;' }, 307, '/a;b?c=1'],
    ["Next's notFound()", { digest: 'NEXT_HTTP_ERROR_FALLBACK;404' }, 404, null],
    ["SvelteKit's redirect()", { status: 303, location: '/a' }, 303, '/a'],
  ])('by %s has a login stored, and the response that the framework would make', async (_name, members, status, to) => {
    const { outcome, stored, cookies } = await throwing(errorWith(members), { change: login });
    assert.ok(outcome instanceof Response);
    assert.deepEqual([outcome.status, outcome.headers.get('location')], [status, to]);
    assert.deepEqual([cookies.length, stored], [1, [1, 'alice']]);
  });

  test.each([
    ["Next's redirect()", errorWith({ digest: 'NEXT_REDIRECT;push;/a;307;' })],
    ['an h3 error', errorWith({ statusCode: 404 })],
    ['an error with a response', errorWith({ getResponse: () => new Response(null, { status: 401 }) })],
  ])('by %s has it thrown on as it came when nothing is added', async (_name, error) => {
    const handler = withSession(newFactory(), throwIt(error));
    assert.equal(await handler(request).catch((reason: unknown) => reason), error);
  });

  test('by an error with a response has that response carry the cookie, and the error untouched', async () => {
    const error = errorWith({ getResponse: () => new Response('no', { status: 401 }) });
    const { outcome, stored } = await throwing(error);
    assert.ok(outcome instanceof Error);
    assert.equal(outcome.message, 'thrown');
    const response = (outcome as unknown as { getResponse(): Response }).getResponse();
    assert.deepEqual([response.status, response.headers.get('vary')], [401, 'Cookie']);
    const own = (error as unknown as { getResponse(): Response }).getResponse();
    assert.equal(own.headers.get('vary'), null);
    assert.deepEqual(stored, [2, null]);
  });

  test('by an error of which the framework makes the response has a session stored that the client has', async () => {
    const error = errorWith({ statusCode: 422 });
    assert.deepEqual(await throwing(error), { outcome: error, stored: [2, null], cookies: [] });
    assert.deepEqual((await throwing(error, { known: false })).stored, [null, null]);
  });

  test('by such an error has a login refused that could get no cookie', async () => {
    const { outcome, stored } = await throwing(errorWith({ statusCode: 422 }), { change: login });
    assert.ok(outcome instanceof Response);
    assert.deepEqual([outcome.status, stored], [500, [1, null]]);
  });

  test('is not answered by `onError`', async () => {
    const handler = withSession(newFactory(), throwIt(new Response(null, { status: 404 })), {
      onError: () => new Response(null, { status: 500 }),
    });
    const outcome = await handler(request).catch((error: unknown) => error);
    assert.equal((outcome as Response).status, 404);
  });
});

describe('A handler of the Fetch adapter that fails', () => {
  test('has its changes stored, as with the other adapters', async () => {
    const error = new Error('the handler failed');
    assert.deepEqual(await throwing(error), { outcome: error, stored: [2, null], cookies: [] });
  });

  test('has none stored with `cookie.onException: false`', async () => {
    const error = errorWith({ status: 503 });
    const { outcome, stored } = await throwing(error, { cookie: { onException: false } });
    assert.deepEqual([outcome, stored], [error, [1, null]]);
  });
});

describe('A handler of the Fetch adapter that returns no response', () => {
  test("has its session committed, and nothing handed out, as after Bun's server.upgrade()", async () => {
    const store = new MemoryStore();
    const factory = createSessionFactory({ secret: SECRET, store });
    const begin = withSession(factory, (_request, session) => new Response(String(session.set('a', 1).size)));
    const cookie = (await begin(request)).headers.getSetCookie()[0]!.split(';')[0]!;
    const upgrade = withSession(factory, (asked, session) => {
      session.set('a', 2);
      return asked.headers.has('upgrade') ? undefined : new Response('not a socket');
    });
    const asked = new Request(request, { headers: { cookie, upgrade: 'websocket' } });
    assert.equal(await upgrade(asked), undefined);
    const read = withSession(factory, (_request, session) => Response.json(session.get('a')));
    assert.equal(await (await read(new Request(request, { headers: { cookie } }))).json(), 2);
  });
});

describe('A handler of Hono that throws a response', () => {
  test('has its session committed, and the response thrown on with the cookie', async () => {
    const app = new Hono<{ Variables: SessionVariables }>();
    app.use(honoSessions(newFactory()));
    app.get('/', (c) => {
      c.var.session.login('alice');
      // oxlint-disable-next-line typescript/only-throw-error -- as some frameworks do
      throw new Response(null, { status: 303, headers: { location: '/elsewhere' } });
    });
    const outcome = await Promise.resolve(app.request('/')).catch((error: unknown) => error);
    assert.ok(outcome instanceof Response);
    assert.equal(outcome.headers.getSetCookie().length, 1);
  });
});
