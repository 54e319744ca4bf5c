// Runs the files of docs/recipes/trpc.md: the router on Express and as a Fetch handler, with tRPC's client.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TRPCClientError, createTRPCClient, httpBatchStreamLink } from '@trpc/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { terminate } from '../support/child.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { Jar } from '../support/visit.ts';
import { documentedCode, programFolder, startProgram, type Running } from './documented.ts';

const PAGE = 'docs/recipes/trpc.md';
const ORIGIN = 'https://example.com';
/** What the router of the page does, as far as this test calls it. */
interface Api {
  csrfToken: { query(): Promise<string> };
  login: { mutate(input: { name: string; password: string }): Promise<{ csrfToken: string }> };
  addToCart: { mutate(item: string): Promise<void> };
  account: { query(): Promise<{ owner: string; messages: string[]; cart: string[] }> };
  logout: { mutate(): Promise<void> };
}
interface Client {
  readonly client: Api;
  logIn(name: string, password: string): Promise<void>;
}
type Send = (request: Request) => Promise<Response>;

let redis: RedisServer;
let folder: string;
let modules = 0;
const running: Running[] = [];
beforeAll(async () => {
  folder = programFolder(['express', 'redis', 'zod', '@trpc']);
  writeFileSync(join(folder, 'router.mjs'), await code('initTRPC'));
  redis = await startRedis();
  process.env['SESSION_SECRET'] = 'x'.repeat(32);
  process.env['REDIS_URL'] = redis.url;
});
afterAll(async () => {
  for (const { child } of running) await terminate(child, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
  await redis?.stop();
});

/** Returns a file of the page, as JavaScript, that imports the router where `writeRouter` has put it. */
async function code(text: string): Promise<string> {
  return (await documentedCode(PAGE, text)).replaceAll('./router.ts', './router.mjs');
}

const SERVERS: Record<string, () => Promise<Send>> = {
  async Express() {
    const program = await startProgram(folder, await code('createExpressMiddleware('), { REDIS_URL: redis.url });
    running.push(program);
    return async (request) => await fetch(new Request(request.url.replace(ORIGIN, program.origin), request));
  },
  async 'a Fetch handler'() {
    const file = join(folder, 'handler.mjs');
    writeFileSync(file, await code('fetchRequestHandler('));
    const { handler } = (await import(/* @vite-ignore */ file)) as { handler: Send };
    return handler;
  },
};

/** A browser: keeps the cookie, and what it was sent. */
class Browser {
  readonly jar: Jar;
  readonly responses: Response[] = [];
  readonly #send: Send;

  constructor(send: Send, jar: Jar = new Jar()) {
    this.#send = send;
    this.jar = jar;
  }

  readonly fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    request.headers.set('sec-fetch-site', 'same-origin');
    const { header } = this.jar;
    if (header !== undefined) request.headers.set('cookie', header);
    const response = await this.#send(request);
    this.responses.push(response);
    this.jar.take(response.headers.getSetCookie());
    return response;
  };

  /** The client of the page, in this browser. */
  async client(): Promise<Client> {
    const file = join(folder, `client${modules++}.mjs`);
    const text = await code('createTRPCClient');
    const changed = text.replace(/url: ['"]https:\/\/example\.com\/trpc['"],/, '$& fetch: globalThis.browserFetch,');
    assert.notEqual(changed, text);
    writeFileSync(file, changed);
    (globalThis as { browserFetch?: unknown }).browserFetch = this.fetch;
    return (await import(/* @vite-ignore */ file)) as Client;
  }

  stream(csrfToken: string): Api {
    const link = httpBatchStreamLink({
      url: `${ORIGIN}/trpc`,
      fetch: async (url, init) => await this.fetch(url, init as RequestInit),
      headers: { 'x-csrf-token': csrfToken },
    });
    return createTRPCClient<never>({ links: [link] });
  }
}

async function failure(promise: Promise<unknown>): Promise<{ code: unknown; message: string }> {
  const error: unknown = await promise.then(
    () => expect.fail('no error'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TRPCClientError);
  const { data, message } = error as { readonly data?: { readonly code: string }; readonly message: string };
  return { code: data?.code, message };
}

describe.each(Object.entries(SERVERS))('on %s', (_, serve) => {
  let send: Send;
  beforeAll(async () => {
    send = await serve();
    const token = (): Promise<Response> => send(new Request(`${ORIGIN}/trpc/csrfToken`));
    await waitFor('a connection to Redis', async () => (await token()).status === 200);
  });

  test('logs in, shows a flash once, protects a procedure, and logs out', async () => {
    const browser = new Browser(send);
    const { client, logIn } = await browser.client();
    expect(await failure(client.account.query())).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(await failure(logIn('alice', 'wrong'))).toMatchObject({ code: 'UNAUTHORIZED' });
    const anonymous = browser.jar.header;
    await logIn('alice', 'correct horse');
    expect(browser.jar.header).not.toBe(anonymous);
    expect(await client.account.query()).toEqual({ owner: 'alice', messages: ['Welcome'], cart: [] });
    expect(await client.account.query()).toMatchObject({ messages: [] });

    const old = new Jar(browser.jar);
    await client.logout.mutate();
    expect(browser.jar.header).toBeUndefined();
    const thief = await new Browser(send, old).client();
    expect(await failure(thief.client.account.query())).toMatchObject({ code: 'UNAUTHORIZED' });
  });

  test('a batch has one session, and commits the changes of all its procedures', async () => {
    const browser = new Browser(send);
    const { client, logIn } = await browser.client();
    await logIn('alice', 'correct horse');
    browser.responses.length = 0;
    await Promise.all([client.addToCart.mutate('hat'), client.addToCart.mutate('coat')]);
    expect(browser.responses).toHaveLength(1);
    expect((await client.account.query()).cart.toSorted()).toEqual(['cart:coat', 'cart:hat']);
  });

  test('a mutation without the CSRF token is refused', async () => {
    const browser = new Browser(send);
    const { client } = await browser.client();
    await client.csrfToken.query();
    expect(await failure(client.addToCart.mutate('hat'))).toMatchObject({ code: 'FORBIDDEN' });
  });

  test('a login that a stream answers fails loudly', async () => {
    const browser = new Browser(send);
    const { client } = await browser.client();
    const stream = browser.stream(await client.csrfToken.query());
    const anonymous = browser.jar.header;
    const { code: name, message } = await failure(stream.login.mutate({ name: 'alice', password: 'correct horse' }));
    expect([name, message]).toEqual(['INTERNAL_SERVER_ERROR', expect.stringContaining('headers')]);
    expect(browser.jar.header).toBe(anonymous);
    expect(await failure(client.account.query())).toMatchObject({ code: 'UNAUTHORIZED' });
  });
});
