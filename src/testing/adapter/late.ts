import assert from 'node:assert/strict';
import type { SessionEventName } from '../../events.ts';
import type { AdapterCheck, AnySession, RouteHandler } from './check.ts';
import { appCheck, reads, writes, type TestApp } from './fixtures.ts';

/** Runs `act` when the headers have left, and streams what it throws. */
const late =
  (act: (session: AnySession) => unknown): RouteHandler =>
  (session) => ({ stream: actLate(session, act) });

async function* actLate(session: AnySession, act: (session: AnySession) => unknown): AsyncGenerator<string> {
  yield 'one ';
  try {
    await act(session);
    yield 'two';
  } catch (error) {
    yield String((error as { code?: unknown }).code);
  }
}

/** Changes that need a cookie, or take one away. */
const NEED_COOKIE: Readonly<Record<string, (session: AnySession) => void>> = {
  'login()': (session) => session.login('alice'),
  'beginLogin()': (session) => session.beginLogin('alice'),
  'logout()': (session) => session.logout(),
  'invalidate()': (session) => session.invalidate(),
  'rotate()': (session) => session.rotate(),
};

const who: RouteHandler = (session) => ({
  body: `${session.owner} ${JSON.stringify(session.get('written', 0))}`,
});

const loginRoute: RouteHandler = (session) => {
  session.set('written', 1);
  session.login('bob');
  return {};
};

/** Waits for an event: a response is over on the server a moment after its client has read it. */
async function eventually(app: TestApp, name: SessionEventName): Promise<(string | undefined)[]> {
  const deadline = performance.now() + 5000;
  while (app.reasons(name).length === 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return app.reasons(name);
}

/** What is done to a session when the headers have left takes effect, throws or is reported. */
export const LATE: readonly AdapterCheck[] = [
  ...Object.entries(NEED_COOKIE).map(([name, act]) =>
    appCheck(
      `C12: a late ${name} throws, and changes nothing`,
      { routes: { '/': who, '/login': loginRoute, '/late': late(act) } },
      async (app) => {
        const browser = app.browser();
        await browser.visit('/login');
        const reply = await browser.visit('/late');
        assert.equal(reply.body, 'one ERR_SESSION_HEADERS_SENT');
        assert.deepEqual(reply.cookies, []);
        assert.equal((await browser.visit('/')).body, 'bob 1');
        assert.deepEqual(app.errors, []);
      },
    ),
  ),
  appCheck(
    'C12: a late write to a session that is not stored throws',
    { routes: { '/late': late((session) => session.set('written', 1)) } },
    async (app) => {
      assert.equal((await app.visit('/late')).body, 'one ERR_SESSION_HEADERS_SENT');
      assert.equal(app.stored, 0);
    },
  ),
  appCheck(
    'C12: a late write that nothing saves is reported when the response is over',
    { routes: { '/': reads(), '/add': writes(), '/late': late((session) => session.set('written', 2)) } },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add');
      assert.equal((await browser.visit('/late')).body, 'one two');
      assert.deepEqual(await eventually(app, 'discarded'), ['late']);
      assert.equal((await browser.visit('/')).body, '1');
    },
  ),
  appCheck(
    'a late write is stored by `save()`, and by `update()`',
    {
      routes: {
        '/': reads(),
        '/add': writes(),
        '/save': late((session) => session.set('written', 2).save()),
        '/update': late((session) => session.update('written', () => 3)),
      },
    },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add');
      assert.equal((await browser.visit('/save')).body, 'one two');
      assert.equal((await browser.visit('/')).body, '2');
      assert.equal((await browser.visit('/update')).body, 'one two');
      assert.equal((await browser.visit('/')).body, '3');
      assert.deepEqual(app.reasons('discarded'), []);
    },
  ),
  appCheck(
    'C9: a session that is first read late is reported, unless its response was marked personal',
    {
      routes: {
        '/add': writes(),
        '/late': late((session) => session.get('written')),
        '/personal': (session) => {
          session.markPersonal();
          return { stream: actLate(session, () => session.get('written')) };
        },
      },
    },
    async (app) => {
      const browser = app.browser();
      await browser.visit('/add');
      const personal = await browser.visit('/personal');
      assert.equal(personal.headers.get('vary'), 'Cookie');
      assert.equal(personal.headers.get('cache-control'), 'private, no-cache');
      assert.deepEqual(app.reasons('lateRead'), []);
      assert.equal((await browser.visit('/late')).headers.get('vary'), null);
      assert.equal((await eventually(app, 'lateRead')).length, 1);
    },
  ),
];
