// What the example with tRPC does, seen by tRPC's client. Its procedures: `visit`, `addToCart` and `fail` change the
// session, `login` and `logout` too; `me`, `messages` and `csrfToken` read it.
import assert from 'node:assert/strict';
import { createTRPCClient, httpBatchLink, httpBatchStreamLink, TRPCClientError } from '@trpc/client';
import { Visitor } from './visitor.mjs';

/** A browser with a page that calls procedures. */
class Client {
  constructor(origin, cookie) {
    this.visitor = new Visitor(origin, cookie);
    this.csrfToken = '';
    this.answers = [];
    const link = {
      url: `${origin}/trpc`,
      headers: () => ({ 'x-csrf-token': this.csrfToken, 'sec-fetch-site': 'same-origin' }),
      fetch: async (url, init) => await this.#fetch(url, init),
    };
    this.api = createTRPCClient({ links: [httpBatchLink(link)] });
    this.stream = createTRPCClient({ links: [httpBatchStreamLink(link)] });
  }

  async #fetch(url, init) {
    const answer = await this.visitor.request(url, init);
    this.answers.push(answer);
    const { body, status, headers } = answer;
    return new Response(body, { status, headers });
  }

  async begin() {
    this.csrfToken = await this.api.csrfToken.query();
    return this;
  }

  async logIn(user = 'alice') {
    await this.begin();
    ({ csrfToken: this.csrfToken } = await this.api.login.mutate({ user }));
  }
}

async function codeOf(call) {
  const error = await call.then(
    () => assert.fail('no error'),
    (reason) => reason,
  );
  assert.ok(error instanceof TRPCClientError, String(error));
  return error.data?.code;
}

/** The steps, by their titles. */
export default {
  async 'visits twice'(origin) {
    const client = await new Client(origin).begin();
    assert.equal(await client.api.visit.mutate(), 1);
    const { cookie } = client.visitor;
    assert.equal(await client.api.visit.mutate(), 2);
    assert.equal(client.visitor.cookie, cookie);
    assert.equal((await client.api.me.query()).data.visits, 2);
  },

  async 'login: a new cookie, the old one dead'(origin) {
    const client = await new Client(origin).begin();
    await client.api.visit.mutate();
    const before = new Client(origin, client.visitor.cookie);
    await client.logIn();
    assert.notEqual(client.visitor.cookie, before.visitor.cookie);
    assert.deepEqual(await client.api.me.query(), { owner: 'alice', data: { visits: 1 } });
    assert.equal((await before.api.me.query()).owner, null);
  },

  async 'flash shown once'(origin) {
    const client = new Client(origin);
    await client.logIn();
    assert.deepEqual(await client.api.messages.query(), ['Welcome, alice']);
    assert.deepEqual(await client.api.messages.query(), []);
  },

  async 'no mutation without a token'(origin) {
    const client = await new Client(origin).begin();
    client.csrfToken = 'forged';
    assert.equal(await codeOf(client.api.login.mutate({ user: 'mallory' })), 'FORBIDDEN');
    assert.equal((await client.api.me.query()).owner, null);
  },

  async 'a batch has one session, and one cookie'(origin, { countSessions }) {
    const client = await new Client(origin).begin();
    const before = await countSessions?.();
    client.answers.length = 0;
    const { addToCart } = client.api;
    await Promise.all([addToCart.mutate('hat'), addToCart.mutate('coat')]);
    assert.equal(client.answers.length, 1);
    assert.deepEqual((await client.api.me.query()).data, { 'cart:hat': 1, 'cart:coat': 1 });
    if (before !== undefined) assert.equal(await countSessions(), before);
  },

  async 'visitors side by side'(origin) {
    const clients = await Promise.all(Array.from({ length: 6 }, async () => await new Client(origin).begin()));
    await Promise.all(clients.map(async (client, i) => await client.logIn(`user-${i}`)));
    const owners = await Promise.all(clients.map(async ({ api }) => (await api.me.query()).owner));
    assert.deepEqual(owners, ['user-0', 'user-1', 'user-2', 'user-3', 'user-4', 'user-5']);
  },

  async 'a stream refuses a login, and saves nothing'(origin) {
    const client = await new Client(origin).begin();
    assert.equal(await codeOf(client.stream.login.mutate({ user: 'mallory' })), 'INTERNAL_SERVER_ERROR');
    const [{ headers }] = client.answers.slice(-1);
    assert.match(headers.get('cache-control') ?? '', /private|no-store/);
    assert.equal((await client.api.me.query()).owner, null);
  },

  async 'a thrown error keeps the session'(origin) {
    const client = await new Client(origin).begin();
    assert.equal(await codeOf(client.api.fail.mutate()), 'CONFLICT');
    assert.equal((await client.api.me.query()).data.failed, true);
  },

  async 'logout, old cookie dead'(origin) {
    const client = new Client(origin);
    await client.logIn();
    const stolen = new Client(origin, client.visitor.cookie);
    assert.equal((await stolen.api.me.query()).owner, 'alice');
    await client.api.logout.mutate();
    assert.equal(client.visitor.cookie, undefined);
    assert.equal((await stolen.api.me.query()).owner, null);
    assert.equal(await codeOf(stolen.api.messages.query()), 'UNAUTHORIZED');
  },
};
