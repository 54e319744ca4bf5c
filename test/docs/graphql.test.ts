// Runs the files of docs/recipes/graphql.md: the schema in Yoga on Node and as a Fetch handler, and in Apollo Server.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { terminate } from '../support/child.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { documentedCode, programFolder, startProgram, type Running } from './documented.ts';

const PAGE = 'docs/recipes/graphql.md';
const ORIGIN = 'https://example.com';
type Send = (request: Request) => Promise<Response>;

interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

let redis: RedisServer;
let folder: string;
const running: Running[] = [];
beforeAll(async () => {
  folder = programFolder(['express', 'redis', 'graphql', 'graphql-yoga', '@apollo', '@as-integrations', '@hono']);
  writeFileSync(join(folder, 'schema.mjs'), await code('export const typeDefs'));
  redis = await startRedis();
});
afterAll(async () => {
  for (const { child } of running) await terminate(child, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
  await redis?.stop();
});

/** Returns a file of the page, as JavaScript, that imports the schema where it has been put. */
async function code(text: string): Promise<string> {
  return (await documentedCode(PAGE, text)).replaceAll('./schema.ts', './schema.mjs');
}

async function serveProgram(program: string): Promise<Send> {
  const started = await startProgram(folder, program, { REDIS_URL: redis.url });
  running.push(started);
  return async (request) => await fetch(new Request(request.url.replace(ORIGIN, started.origin), request));
}

const SERVERS: Record<string, () => Promise<Send>> = {
  'Yoga on Node': async () => await serveProgram(await code('yoga.handle(')),
  async 'Yoga as a Fetch handler'() {
    writeFileSync(join(folder, 'handler.mjs'), await code('yoga.fetch('));
    return await serveProgram(`
      import { createServer } from 'node:http';
      import { getRequestListener } from '@hono/node-server';
      import { handler } from './handler.mjs';
      createServer(getRequestListener(handler)).listen(3000);`);
  },
  'Apollo Server on Express': async () => await serveProgram(await code('new ApolloServer')),
};

/** A browser with a page that sends operations. */
class Browser {
  cookie: string;
  csrfToken = '';
  last: Response | undefined;
  readonly #send: Send;

  constructor(send: Send, cookie = '') {
    this.#send = send;
    this.cookie = cookie;
  }

  async run(query: string, variables: object = {}): Promise<Answer> {
    const headers = new Headers({
      'content-type': 'application/json',
      'x-csrf-token': this.csrfToken,
      'sec-fetch-site': 'same-origin',
    });
    if (this.cookie !== '') headers.set('cookie', this.cookie);
    const body = JSON.stringify({ query, variables });
    const response = await this.#send(new Request(`${ORIGIN}/graphql`, { method: 'POST', headers, body }));
    this.last = response;
    for (const cookie of response.headers.getSetCookie()) {
      this.cookie = /; Max-Age=0(?:;|$)/.test(cookie) ? '' : cookie.slice(0, cookie.indexOf(';'));
    }
    return (await response.json()) as Answer;
  }

  async begin(): Promise<this> {
    const { data } = await this.run('{ csrfToken }');
    this.csrfToken = String(data!['csrfToken']);
    return this;
  }

  async logIn(password = 'correct horse'): Promise<Answer> {
    await this.begin();
    const query = 'mutation ($password: String!) { login(name: "alice", password: $password) { csrfToken } }';
    const answer = await this.run(query, { password });
    const login = answer.data?.['login'] as { csrfToken: string } | undefined;
    if (login !== undefined) this.csrfToken = login.csrfToken;
    return answer;
  }
}

/** Waits until the server has its connection, without which sessions fail. */
async function waitForRedis(send: Send): Promise<void> {
  const url = `${ORIGIN}/graphql?query={csrfToken}`;
  const headers = { 'content-type': 'application/json' };
  await waitFor('a connection to Redis', async () => (await send(new Request(url, { headers }))).status === 200);
}

const ACCOUNT = '{ account { owner messages cart } }';
const codesOf = ({ errors = [] }: Answer): unknown[] => errors.map(({ extensions }) => extensions?.code);

describe.each(Object.entries(SERVERS))('%s', (_, serve) => {
  let send: Send;
  beforeAll(async () => {
    send = await serve();
    await waitForRedis(send);
  });

  test('logs in, shows a flash once, protects a query, and logs out', async () => {
    const browser = new Browser(send);
    expect(codesOf(await browser.run(ACCOUNT))).toEqual(['UNAUTHENTICATED']);
    expect(codesOf(await browser.logIn('wrong'))).toEqual(['UNAUTHENTICATED']);
    const anonymous = browser.cookie;
    expect((await browser.logIn()).errors).toBeUndefined();
    expect(browser.cookie).not.toBe(anonymous);
    expect((await browser.run(ACCOUNT)).data).toEqual({ account: { owner: 'alice', messages: ['Welcome'], cart: [] } });
    expect(browser.last!.headers.get('cache-control')).toMatch(/private|no-store/);
    expect(browser.last!.headers.get('vary')).toMatch(/cookie/i);
    expect((await browser.run(ACCOUNT)).data).toMatchObject({ account: { messages: [] } });

    const old = browser.cookie;
    expect((await browser.run('mutation { logout }')).data).toEqual({ logout: true });
    expect(browser.cookie).toBe('');
    expect(codesOf(await new Browser(send, old).run(ACCOUNT))).toEqual(['UNAUTHENTICATED']);
  });

  test('commits the changes of all mutations of an operation together, with one cookie', async () => {
    const browser = await new Browser(send).begin();
    const { data } = await browser.run('mutation { hat: addToCart(item: "hat") coat: addToCart(item: "coat") }');
    expect(data).toEqual({ hat: true, coat: true });
    expect(browser.last!.headers.getSetCookie()).toEqual([]);
    await browser.logIn();
    const account = (await browser.run(ACCOUNT)).data!['account'] as { cart: string[] };
    expect(account.cart.toSorted()).toEqual(['cart:coat', 'cart:hat']);
  });

  test('leaves messages that a query does not ask for', async () => {
    const browser = new Browser(send);
    await browser.logIn();
    expect((await browser.run('{ account { owner } }')).data).toEqual({ account: { owner: 'alice' } });
    expect((await browser.run(ACCOUNT)).data).toMatchObject({ account: { messages: ['Welcome'] } });
  });

  test('refuses a mutation without the CSRF token', async () => {
    const browser = await new Browser(send).begin();
    browser.csrfToken = 'forged';
    expect(codesOf(await browser.run('mutation { addToCart(item: "hat") }'))).toEqual(['FORBIDDEN']);
    await browser.logIn();
    expect((await browser.run(ACCOUNT)).data).toMatchObject({ account: { cart: [] } });
  });
});

test('a commit that fails is the answer, with status 503, in place of a result', async () => {
  const send = await SERVERS['Apollo Server on Express']!();
  await waitForRedis(send);
  const browser = await new Browser(send).begin();
  await redis.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1');
  try {
    await expect(browser.run('mutation { addToCart(item: "hat") }')).rejects.toThrow(/JSON/);
    expect(browser.last!.status).toBe(503);
  } finally {
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
  }
});
