// What every example does, seen from outside: one visitor after the other, over HTTP. The same for all frameworks, so
// that an example which differs is wrong, or its adapter is.
//
//   GET  /         counts the visit, shows owner and flash messages, and has a form with a CSRF token
//   POST /login    logs in as `user`, leaves a flash message, and redirects
//   POST /logout   logs out and redirects
//   GET  /raw      a response with a cookie of the application's own, which changes the session
//   GET  /nested   changes the session, and requests /inner from inside, which changes it too
//   GET  /late     changes the session while the body is sent
//   GET  /error    changes the session and throws the framework's own error, with status 409
//   GET  /about    a page without a session; prerendered where the framework can
//   GET  /me       the session's owner and data, as JSON
import assert from 'node:assert/strict';

const COOKIE = 'session';
const HEADERS = {
  accept: 'text/html',
  // React Router streams to browsers only.
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Playbook/1.0 Chrome/140.0.0.0',
  // SvelteKit's server for Node takes itself to be behind a proxy.
  'x-forwarded-proto': 'http',
};

/** One browser: what it was sent last, and its cookies. */
class Visitor {
  constructor(origin) {
    this.origin = origin;
    this.cookies = new Map();
  }

  get cookie() {
    return this.cookies.get(COOKIE);
  }

  async request(path, init = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...HEADERS, ...(cookie && { cookie }), ...init.headers };
    const response = await fetch(this.origin + path, { redirect: 'manual', ...init, headers });
    const body = await response.text();
    const set = response.headers.getSetCookie().map((line) => /^([^=]+)=([^;]*)/.exec(line));
    for (const [, name, value] of set) {
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const names = set.map(([, name]) => name);
    assert.ok(names.filter((name) => name === COOKIE).length <= 1, `${path} sets the session's cookie more than once`);
    return { status: response.status, headers: response.headers, names, body, text: textOf(body) };
  }

  /** Requests a page that must be there. */
  async get(path) {
    const answer = await this.request(path);
    assert.equal(answer.status, 200, `GET ${path} answers ${answer.status}: ${answer.text.slice(0, 300)}`);
    return answer;
  }

  async me() {
    return JSON.parse((await this.get('/me')).body);
  }

  async post(path, fields) {
    const headers = { origin: this.origin, 'sec-fetch-site': 'same-origin' };
    return await this.request(path, { method: 'POST', headers, body: new URLSearchParams(fields) });
  }

  /** Submits a form of the home page. */
  async submit(path, fields = {}) {
    const { body } = await this.get('/');
    const input = /<input[^>]*name="csrf"[^>]*>/.exec(body)?.[0] ?? '';
    const csrf = /value="([^"]+)"/.exec(input)?.[1];
    assert.ok(csrf, 'the home page has a form with a CSRF token');
    return await this.post(path, { csrf, ...fields });
  }
}

/** What a reader sees of a page. */
function textOf(html) {
  return html
    .replaceAll(/<(script|style)\b.*?<\/\1>/gs, '')
    .replaceAll(/<!--.*?-->|<[^>]*>/gs, '')
    .replaceAll(/\s+/g, ' ');
}

function visitsIn({ text }) {
  return Number(/Visits: (\d+)/.exec(text)?.[1]);
}

function assertPersonal({ headers }, path) {
  assert.match(headers.get('vary') ?? '', /cookie/i, `${path} has Vary: Cookie`);
  assert.match(headers.get('cache-control') ?? '', /private|no-store/, `${path} may not be stored by shared caches`);
}

function assertRedirected({ status, headers, text }) {
  assert.ok([302, 303].includes(status), `redirects, but answers ${status}: ${text.slice(0, 300)}`);
  assert.equal(new URL(headers.get('location'), 'http://host').pathname, '/');
}

async function login(visitor, user = 'alice') {
  assertRedirected(await visitor.submit('/login', { user }));
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
    const before = new Visitor(origin);
    before.cookies.set(COOKIE, visitor.cookie);
    await login(visitor);
    assert.notEqual(visitor.cookie, before.cookie);
    assert.equal((await visitor.me()).owner, 'alice');
    assert.equal((await before.me()).owner, null);
  },

  async 'flash shown once'(origin) {
    const visitor = new Visitor(origin);
    await login(visitor);
    const page = await visitor.get('/');
    assert.match(page.text, /Hello alice/);
    assert.equal(page.text.split('Welcome, alice').length, 2, 'the message is shown once on the page');
    assert.equal(visitsIn(page), 2);
    assert.doesNotMatch((await visitor.get('/')).text, /Welcome/);
  },

  async 'no login without a token'(origin) {
    const visitor = new Visitor(origin);
    await visitor.get('/');
    const { status } = await visitor.post('/login', { user: 'mallory' });
    assert.equal(status, 403);
    assert.equal((await visitor.me()).owner, null);
  },

  async 'raw response, another cookie'(origin) {
    const visitor = new Visitor(origin);
    const raw = await visitor.get('/raw');
    assert.deepEqual(raw.names.toSorted(), [COOKIE, 'theme']);
    assert.equal(visitor.cookies.get('theme'), 'dark');
    assert.equal((await visitor.me()).raw, true);
  },

  async 'nested fetch'(origin, countSessions) {
    const visitor = new Visitor(origin);
    const before = await countSessions?.();
    const page = await visitor.get('/nested?name=first');
    assert.deepEqual(page.names, [COOKIE]);
    if (before !== undefined) assert.equal(await countSessions(), before + 1, 'one session is stored');
    const { outer, inner } = await visitor.me();
    assert.deepEqual({ outer, inner }, { outer: 'first', inner: 'first' });
    await login(visitor);
    assert.match((await visitor.get('/nested?name=second')).text, /Inner: alice/);
    assert.equal((await visitor.me()).inner, 'second');
  },

  async 'visitors side by side'(origin) {
    const known = new Visitor(origin);
    await login(known);
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

  async 'late use'(origin, countSessions) {
    const stranger = new Visitor(origin);
    const before = await countSessions?.();
    const refused = await stranger.get('/late');
    assert.match(refused.body, /login: ERR_SESSION_HEADERS_SENT, write: ERR_SESSION_HEADERS_SENT/);
    assertPersonal(refused, '/late');
    assert.equal(stranger.cookie, undefined);
    if (before !== undefined) assert.equal(await countSessions(), before, 'nothing is stored');

    const visitor = new Visitor(origin);
    await login(visitor);
    assert.match((await visitor.get('/late')).body, /login: ERR_SESSION_HEADERS_SENT, write: saved/);
    const { owner, late } = await visitor.me();
    assert.deepEqual({ owner, late }, { owner: 'alice', late: true });
  },

  async 'thrown error'(origin) {
    const visitor = new Visitor(origin);
    const { status, names } = await visitor.request('/error');
    assert.equal(status, 409);
    assert.deepEqual(names, [COOKIE]);
    assert.equal((await visitor.me()).failed, true);
  },

  async 'logout, old cookie dead'(origin) {
    const visitor = new Visitor(origin);
    await login(visitor);
    const stolen = new Visitor(origin);
    stolen.cookies.set(COOKIE, visitor.cookie);
    assert.equal((await stolen.me()).owner, 'alice');
    assertRedirected(await visitor.submit('/logout'));
    assert.match((await visitor.get('/')).text, /Hello stranger/);
    assert.equal((await stolen.me()).owner, null);
  },
};

/**
 * Plays all steps against a running server.
 *
 * @param countSessions returns how many sessions are stored, where that can be known
 * @returns for each step its title, and the error if it has failed
 */
export async function play(origin, countSessions) {
  const results = [];
  for (const [title, step] of Object.entries(STEPS)) {
    try {
      await step(origin, countSessions);
      results.push({ title });
    } catch (error) {
      results.push({ title, error });
    }
  }
  return results;
}
