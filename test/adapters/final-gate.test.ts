import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createServer,
  get,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import fastify from 'fastify';
import { Hono } from 'hono';
import onHeaders from 'on-headers';
import { describe, test } from 'vitest';
import type { WebsaunaSession } from 'websauna-session';
import { sessions as fastifySessions } from 'websauna-session/fastify';
import { sessions as honoSessions, type SessionVariables } from 'websauna-session/hono';
import { MemoryStore } from 'websauna-session/memory';
import { sessions } from 'websauna-session/node';
import { ask } from './support/client.ts';
import { listen } from './support/listen.ts';

const options = () => ({ secret: 'nothing that a site may use, but long enough', store: new MemoryStore() });
const PUBLIC = 'public, max-age=600';
const PRIVATE = 'private, no-cache';

type Held = IncomingMessage & { session: WebsaunaSession };

/** Middleware in front that makes every response storable, then sessions, then `respond`. */
function listener(respond: (req: Held, res: ServerResponse) => unknown): RequestListener {
  const middleware = sessions(options());
  return (req, res) => {
    onHeaders(res, () => res.setHeader('Cache-Control', PUBLIC));
    middleware(req, res, () => void respond(req as Held, res));
  };
}

/** Asks over HTTP/2. */
async function headersOverHttp2(server: { address(): unknown }): Promise<Record<string, unknown>> {
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    const stream = client.request({ ':path': '/' });
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    stream.resume();
    await once(stream, 'close');
    return headers;
  } finally {
    client.close();
  }
}

describe('C9: the last gate', () => {
  test.each<[string, (res: ServerResponse) => unknown]>([
    ['end()', (res) => res.end('hello')],
    ['writeHead() with an object', (res) => res.writeHead(200, { 'X-Own': 'a' }).end('hello')],
    ['writeHead() with a list', (res) => res.writeHead(200, ['X-Own', 'a']).end('hello')],
    ['flushHeaders()', (res) => [res.flushHeaders(), res.end('hello')]],
  ])('checks what %s sends over HTTP/1', async (_name, respond) => {
    const act = (req: Held, res: ServerResponse): unknown => {
      req.session.set('a', 1);
      return respond(res);
    };
    await listen(createServer(listener(act)), async (port) => {
      const { headers, cookies, body } = await ask(port);
      assert.equal(cookies.length, 1);
      assert.deepEqual([headers['cache-control'], headers['vary'], body.toString()], [PRIVATE, 'Cookie', 'hello']);
    });
  });

  test('keeps the names of headers as they were written', async () => {
    const act = (req: Held, res: ServerResponse): unknown => {
      req.session.set('a', 1);
      return res.writeHead(200, { 'X-CamelCase': 'a' }).end();
    };
    await listen(createServer(listener(act)), async (port) => {
      const [response] = (await once(get({ host: '127.0.0.1', port, agent: false }), 'response')) as [IncomingMessage];
      response.resume();
      assert.ok(response.rawHeaders.includes('X-CamelCase'));
    });
  });

  test('is not there when no cookie is set: a page may be as public as it was', async () => {
    const own: boolean[] = [];
    const act = (req: Held, res: ServerResponse): unknown => {
      res.end(String(req.session.size));
      return own.push(Object.hasOwn(res, '_storeHeader'));
    };
    await listen(createServer(listener(act)), async (port) => {
      assert.equal((await ask(port)).headers['cache-control'], PUBLIC);
      assert.deepEqual(own, [false]);
    });
  });

  test("checks what HTTP/2's compatibility API sends", async () => {
    const act = (req: Held, res: ServerResponse): unknown => res.end(String(req.session.set('a', 1).size));
    const server = createHttp2Server(listener(act) as never);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const headers = await headersOverHttp2(server);
    assert.equal((headers['set-cookie'] as string[]).length, 1);
    assert.deepEqual([headers['cache-control'], headers['vary']], [PRIVATE, 'Cookie']);
    server.close();
  });

  test.each(['text', 'a stream'])('checks %s that Fastify sends over HTTP/2', async (kind) => {
    const app = fastify({ http2: true });
    await app.register(fastifySessions(options()));
    app.addHook('onSend', async (_request, reply) => void reply.header('cache-control', PUBLIC));
    app.get('/', async (request, reply) => {
      request.session.set('a', 1);
      return await reply.send(kind === 'text' ? 'hello' : new Blob(['hello']).stream());
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const headers = await headersOverHttp2(app.server);
    assert.equal((headers['set-cookie'] as string[]).length, 1);
    assert.deepEqual([headers['cache-control'], headers['vary']], [PRIVATE, 'Cookie']);
    await app.close();
  });

  test('checks what a function around Hono changes, on Node', async () => {
    const app = new Hono<{ Variables: SessionVariables }>();
    app.use(honoSessions(options()));
    app.get('/', (c) => c.text(String(c.var.session.set('a', 1).size)));
    const around = async (request: Request, env: object): Promise<Response> => {
      const response = await app.fetch(request, env);
      response.headers.set('cache-control', PUBLIC);
      return response;
    };
    await listen(createAdaptorServer({ fetch: around }) as Server, async (port) => {
      const { headers, cookies } = await ask(port);
      assert.equal(cookies.length, 1);
      assert.deepEqual([headers['cache-control'], headers['vary']], [PRIVATE, 'Cookie']);
    });
  });

  test('checks what an outer middleware of Hono puts in the place of a response', async () => {
    const app = new Hono<{ Variables: SessionVariables }>();
    app.use(async (c, next) => {
      await next();
      const { headers } = c.res;
      c.res = new Response('another', { headers });
      c.res.headers.set('cache-control', PUBLIC);
      c.res.headers.delete('vary');
    });
    app.use(honoSessions(options()));
    app.get('/', (c) => c.text(String(c.var.session.set('a', 1).size)));
    const { headers } = await app.request('/');
    assert.equal(headers.getSetCookie().length, 1);
    assert.deepEqual([headers.get('cache-control'), headers.get('vary')], [PRIVATE, 'Cookie']);
  });
});
