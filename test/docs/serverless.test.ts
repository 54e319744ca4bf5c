// Runs the handlers of docs/recipes/serverless.md as AWS Lambda does: in a process that is called with events, and is
// frozen between them.
import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { Output, terminate } from '../support/child.ts';
import { guard } from '../support/guard.mjs';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { Jar } from '../support/visit.ts';
import { waitFor } from '../support/wait-for.ts';
import { documentedCode, programFolder } from './documented.ts';

const PAGE = 'docs/recipes/serverless.md';
const SECRET = 'x'.repeat(32);
const ADDRESS = '203.0.113.9';

let redis: RedisServer;
/** What other processes of the application have. */
let factory: SessionFactory;
let folder: string;
const running: ChildProcess[] = [];
beforeAll(async () => {
  folder = programFolder(['express', 'hono', 'redis', 'serverless-http']);
  redis = await startRedis();
  factory = createSessionFactory({ secret: SECRET, redis: { url: redis.url } });
});
afterEach(async () => {
  for (const child of running.splice(0)) await terminate(child, 'SIGTERM');
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await factory?.close();
  await redis?.stop();
});

/** Calls the handler with each event that arrives, one after the other. */
const RUNTIME = `
import { handler } from './handler.mjs';
process.on('message', async (event) => process.send(await handler(event, {})));
process.send('ready');`;

interface Result {
  readonly statusCode: number;
  readonly body: string;
  readonly headers?: Record<string, string>;
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly cookies?: string[];
}

/** An instance of the function. */
class Instance {
  readonly child: ChildProcess;
  readonly output: Output;

  private constructor(child: ChildProcess) {
    this.child = child;
    this.output = new Output(child);
    guard(child);
    running.push(child);
  }

  static async start(text: string): Promise<Instance> {
    writeFileSync(join(folder, 'handler.mjs'), await documentedCode(PAGE, text));
    writeFileSync(join(folder, 'runtime.mjs'), RUNTIME);
    const instance = new Instance(
      fork('runtime.mjs', {
        cwd: folder,
        env: { ...process.env, SESSION_SECRET: SECRET, REDIS_URL: redis.url },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        execArgv: [],
      }),
    );
    assert.equal(await instance.#answer(), 'ready');
    const visitor = new Client(FORMATS['HTTP API, format 2.0']!);
    await waitFor('a connection to Redis', () => visitor.home(instance));
    return instance;
  }

  async call(event: object): Promise<Result> {
    this.child.send(event);
    return (await this.#answer()) as Result;
  }

  async #answer(): Promise<unknown> {
    const ended = once(this.child, 'exit').then(() => assert.fail(this.output.text));
    return ((await Promise.race([once(this.child, 'message'), ended])) as [unknown])[0];
  }
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: string | null;
  readonly headers: Record<string, string>;
  /** The value of the header `Cookie`. */
  readonly cookie: string | undefined;
}

/** A format of API Gateway: the event of a request, and the cookies that the browser gets of a result. */
interface Format {
  event(sent: Sent): object;
  cookies(result: Result): string[];
}

const FORMATS: Record<string, Format> = {
  'REST API, format 1.0': {
    event({ method, path, body, headers, cookie }) {
      const all = { ...headers, ...(cookie !== undefined && { Cookie: cookie }) };
      const multiValueHeaders = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]]));
      return {
        resource: '/{proxy+}',
        path,
        httpMethod: method,
        headers: all,
        multiValueHeaders,
        queryStringParameters: null,
        multiValueQueryStringParameters: null,
        requestContext: { httpMethod: method, path, identity: { sourceIp: ADDRESS }, domainName: 'app.example.com' },
        body,
        isBase64Encoded: false,
      };
    },
    // API Gateway sends both, and a header that is in both as `multiValueHeaders` has it.
    cookies: ({ headers, multiValueHeaders }) =>
      multiValueHeaders?.['set-cookie'] ?? [headers?.['set-cookie'] ?? []].flat(),
  },
  'HTTP API, format 2.0': {
    event: ({ method, path, body, headers, cookie }) => ({
      version: '2.0',
      routeKey: '$default',
      rawPath: path,
      rawQueryString: '',
      ...(cookie !== undefined && { cookies: cookie.split('; ') }),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      requestContext: {
        http: { method, path, protocol: 'HTTP/1.1', sourceIp: ADDRESS },
        domainName: 'app.example.com',
      },
      ...(body !== null && { body }),
      isBase64Encoded: false,
    }),
    cookies: ({ headers, cookies }) => [...(cookies ?? []), ...[headers?.['set-cookie'] ?? []].flat()],
  },
};

/** A browser in front of API Gateway. */
class Client {
  readonly jar: Jar = new Jar();
  setCookies: string[] = [];
  readonly #format: Format;

  constructor(format: Format) {
    this.#format = format;
  }

  async send(instance: Instance, method: string, path: string, fields?: Record<string, string>): Promise<Result> {
    const result = await instance.call(
      this.#format.event({
        method,
        path,
        body: fields === undefined ? null : new URLSearchParams(fields).toString(),
        headers: {
          Host: 'app.example.com',
          'X-Forwarded-Proto': 'https',
          ...(fields && { 'Content-Type': 'application/x-www-form-urlencoded', Origin: 'https://app.example.com' }),
        },
        cookie: this.jar.header,
      }),
    );
    this.setCookies = this.#format.cookies(result);
    this.jar.take(this.setCookies);
    return result;
  }

  async home(instance: Instance): Promise<{ owner: string | null; messages: string[]; csrf: string }> {
    const { body, statusCode } = await this.send(instance, 'GET', '/');
    assert.equal(statusCode, 200, body);
    return JSON.parse(body);
  }

  async post(instance: Instance, path: string): Promise<number> {
    const { csrf } = await this.home(instance);
    return (await this.send(instance, 'POST', path, { csrf })).statusCode;
  }
}

const HANDLERS = { 'serverless-http': "from 'serverless-http'", 'hono/aws-lambda': "from 'hono/aws-lambda'" };

describe.each(Object.entries(HANDLERS))('%s', (_, text) => {
  test.each(Object.entries(FORMATS))('%s: login with a cookie, a flash, and logout', async (__, format) => {
    // Two instances: Lambda answers each request with any.
    const [first, second] = [await Instance.start(text), await Instance.start(text)];
    const client = new Client(format);
    expect(await client.home(first)).toMatchObject({ owner: null, messages: [] });
    expect((await client.send(second, 'POST', '/login', { csrf: 'wrong' })).statusCode).toBe(403);

    expect(await client.post(second, '/login')).toBe(302);
    expect(client.setCookies).toEqual([expect.stringMatching(/^[^;]+; .*HttpOnly; Secure; SameSite=Lax$/)]);
    expect(await factory.owners.list('alice')).toEqual([expect.objectContaining({ clientAddress: ADDRESS })]);
    const old = client.jar.header;
    expect(await client.home(first)).toMatchObject({ owner: 'alice', messages: ['Welcome'] });
    expect(await client.home(second)).toMatchObject({ owner: 'alice', messages: [] });

    expect(await client.post(first, '/logout')).toBe(302);
    expect(client.jar.header).toBeUndefined();
    const thief = new Client(format);
    thief.jar.take([old!]);
    expect(await thief.home(second)).toMatchObject({ owner: null });
  });

  test('a connection that is dropped while the process is frozen is replaced, and nothing is lost', async () => {
    const instance = await Instance.start(text);
    const client = new Client(FORMATS['HTTP API, format 2.0']!);
    await client.post(instance, '/login');
    expect(await factory.owners.list('alice')).toHaveLength(1);
    instance.child.kill('SIGSTOP');
    expect(Number(await redis.cli('CLIENT', 'KILL', 'TYPE', 'normal'))).toBeGreaterThan(0);
    const home = client.home(instance);
    instance.child.kill('SIGCONT');
    // A machine that is busy can take longer to connect than a read waits.
    const shown = await home.catch(() => waitFor('a new connection', () => client.home(instance)));
    expect(shown).toMatchObject({ owner: 'alice', messages: ['Welcome'] });
    expect(await client.post(instance, '/logout')).toBe(302);
  });
});
