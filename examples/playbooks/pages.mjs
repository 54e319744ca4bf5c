// What every example does, seen from outside: one visitor after the other, over HTTP. The same for all frameworks, so
// that an example which differs is wrong, or its adapter is.
//
//   GET  /         counts the visit, shows owner and flash messages, and has the forms "Log in" and "Log out", or a link to
//                  a page with the form. They have a CSRF token, unless the framework has another protection. The first
//                  logs in, leaves a flash message and redirects, the second logs out and redirects
//   GET  /raw      a response with a cookie of the application's own, which changes the session
//   GET  /nested   changes the session, and reaches from inside what answers /inner, which changes it too: by a request of
//                  the application to itself, where the framework has them
//   GET  /late     changes the session while the body is sent
//   GET  /error    changes the session and throws the framework's own error: with status 409, if it can have any
//   GET  /about    a page without a session; prerendered where the framework can
//   GET  /me       the session's owner and data, as JSON
import assert from 'node:assert/strict';
import { filled, Visitor } from './visitor.mjs';

const COOKIE = 'session';
/** What a browser sends with a form that a page of another site submits. */
const FORGED = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };

function visitsIn({ text }) {
  return Number(/Visits: (\d+)/.exec(text)?.[1]);
}

function assertPersonal({ headers }, path) {
  const control = headers.get('cache-control') ?? '';
  assert.match(control, /private|no-store/, `${path} may not be stored by shared caches`);
  // What no cache may store need not say for whom it is.
  if (!control.includes('no-store')) assert.match(headers.get('vary') ?? '', /cookie/i, `${path} has Vary: Cookie`);
}

const STEPS = {
  async 'visits twice'(origin) {
    const visitor = new Visitor(origin);
    const first = await visitor.get('/');
    assert.equal(visitsIn(first), 1);
    assert.deepEqual(first.names, [COOKIE]);
    assertPersonal(first, '/');
    const { cookie } = visitor;
    assert.equal(visitsIn(await visitor.get('/')), 2);
    assert.equal(visitor.cookie, cookie);
  },

  async 'page without a session'(origin) {
    const { names } = await new Visitor(origin).get('/about');
    assert.deepEqual(names, []);
  },

  async 'login, thrown redirect'(origin) {
    const visitor = new Visitor(origin);
    await visitor.get('/');
    const before = new Visitor(origin, visitor.cookie);
    await visitor.logIn();
    assert.notEqual(visitor.cookie, before.cookie);
    assert.equal((await visitor.me()).owner, 'alice');
    assert.equal((await before.me()).owner, null);
  },

  async 'flash shown once'(origin) {
    const visitor = new Visitor(origin);
    await visitor.logIn();
    const page = await visitor.get('/');
    assert.match(page.text, /Hello alice/);
    assert.equal(page.text.split('Welcome, alice').length, 2, 'the message is shown once on the page');
    assert.ok(visitsIn(page) > 1, 'the visits of before the login are kept');
    assert.doesNotMatch((await visitor.get('/')).text, /Welcome/);
  },

  async 'no forged login'(origin, { forgery }) {
    const visitor = new Visitor(origin);
    const form = filled(await visitor.form('Log in'), 'alice');
    const forged = [await visitor.send(form, { omit: 'csrf', headers: FORGED })];
    const hasToken = form.fields.some(([name]) => name === 'csrf');
    if (hasToken) forged.push(await visitor.send(form, { omit: 'csrf' }));
    for (const { status } of forged) assert.equal(status, forgery);
    assert.ok(hasToken || forgery !== 403, 'the form has a CSRF token');
    assert.equal((await visitor.me()).owner, null);
  },

  async 'raw response, another cookie'(origin) {
    const visitor = new Visitor(origin);
    const raw = await visitor.get('/raw');
    assert.deepEqual(raw.names.toSorted(), [COOKIE, 'theme']);
    assert.equal(visitor.cookies.get('theme'), 'dark');
    assert.equal((await visitor.me()).raw, true);
  },

  async 'nested fetch'(origin, { countSessions }) {
    const visitor = new Visitor(origin);
    const before = await countSessions?.();
    const page = await visitor.get('/nested?name=first');
    assert.deepEqual(page.names, [COOKIE]);
    if (before !== undefined) assert.equal(await countSessions(), before + 1, 'one session is stored');
    const { outer, inner } = await visitor.me();
    assert.deepEqual({ outer, inner }, { outer: 'first', inner: 'first' });
    await visitor.logIn();
    assert.match((await visitor.get('/nested?name=second')).text, /Inner: alice/);
    assert.equal((await visitor.me()).inner, 'second');
  },

  async 'visitors side by side'(origin) {
    const known = new Visitor(origin);
    await known.logIn();
    const others = Array.from({ length: 6 }, () => new Visitor(origin));
    const asked = others.map((visitor, index) => visitor.get(`/nested?name=v${index}`));
    const direct = others.map(() => new Visitor(origin).get('/inner?name=direct'));
    const own = known.get('/nested?name=known');
    const [, ...answers] = await Promise.all([Promise.all([own, ...asked]), ...direct]);
    for (const answer of answers) assert.match(answer.text, /Inner: stranger/);
    assert.equal(new Set([known, ...others].map(({ cookie }) => cookie)).size, others.length + 1);
    const seen = await Promise.all(others.map((visitor) => visitor.me()));
    for (const [index, { owner, outer, inner }] of seen.entries()) {
      assert.deepEqual({ owner, outer, inner }, { owner: null, outer: `v${index}`, inner: `v${index}` });
    }
    assert.equal((await known.me()).inner, 'known');
  },

  async 'late use'(origin, { countSessions }) {
    const stranger = new Visitor(origin);
    const before = await countSessions?.();
    const refused = await stranger.get('/late');
    assert.match(refused.body, /login: ERR_SESSION_HEADERS_SENT, write: ERR_SESSION_HEADERS_SENT/);
    assertPersonal(refused, '/late');
    assert.equal(stranger.cookie, undefined);
    if (before !== undefined) assert.equal(await countSessions(), before, 'nothing is stored');

    const visitor = new Visitor(origin);
    await visitor.logIn();
    assert.match((await visitor.get('/late')).body, /login: ERR_SESSION_HEADERS_SENT, write: saved/);
    const { owner, late } = await visitor.me();
    assert.deepEqual({ owner, late }, { owner: 'alice', late: true });
  },

  async 'thrown error'(origin, { failure }) {
    const visitor = new Visitor(origin);
    const { status, names } = await visitor.request('/error');
    assert.equal(status, failure);
    assert.deepEqual(names, [COOKIE]);
    assert.equal((await visitor.me()).failed, true);
  },

  async 'logout, old cookie dead'(origin) {
    const visitor = new Visitor(origin);
    await visitor.logIn();
    const stolen = new Visitor(origin, visitor.cookie);
    assert.equal((await stolen.me()).owner, 'alice');
    await visitor.logOut();
    assert.match((await visitor.get('/')).text, /Hello stranger/);
    assert.equal((await stolen.me()).owner, null);
  },
};

/**
 * The steps, by their titles. Each gets the server's origin, and what the runner knows: how many sessions are stored,
 * where that can be known, and the statuses of `/error` and of a forged form, which an example's package.json can name.
 */
export default STEPS;
