// `nodeRequest` and `nodeHandler`, which hand requests of `node:http` to Fetch handlers.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import { connect, createServer as createHttp2Server, type Http2Server } from 'node:http2';
import { createServer as createSecureServer, request as secureRequest } from 'node:https';
import { connect as connectTo, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import express from 'express';
import { describe, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { nodeHandler, nodeRequest, withSession, type SessionIncomingMessage } from 'websauna-session/node';
import { certificate } from '../support/certificate.ts';
import { ask, type AskInit } from './support/client.ts';
import { listen } from './support/listen.ts';

/** Returns what `read` makes of the Fetch form of a request that a server has got. */
async function received<R>(init: AskInit, read: (request: Request) => R | Promise<R>): Promise<R> {
  let result!: R;
  const server = createServer((req, res) => {
    void Promise.resolve(read(nodeRequest(req))).then((value) => {
      result = value;
      res.end();
    });
  });
  await listen(server, async (port) => void (await ask(port, init)));
  return result;
}

describe('nodeRequest', () => {
  test('has the URL that the client asked for, or a harmless one where there is none', async () => {
    const urlOf = (path: string, host: string): Promise<string> =>
      received({ path, headers: { host } }, ({ url }) => url);
    assert.equal(await urlOf('/a?b=1', 'shop.example'), 'http://shop.example/a?b=1');
    assert.equal(await urlOf('http://other.example/a', 'shop.example'), 'http://other.example/a');
    assert.equal(await urlOf('/a', 'not a host'), 'http://localhost/a');
    assert.equal(await urlOf('*', 'shop.example'), 'http://localhost/');
  });

  test('has a harmless host for a client of HTTP/1.0, which sends none', async () => {
    let url = '';
    const server = createServer((req, res) => {
      ({ url } = nodeRequest(req));
      res.end();
    });
    await listen(server, async (port) => {
      const socket = connectTo(port, '127.0.0.1').end('GET /a HTTP/1.0\r\n\r\n');
      assert.match(await text(socket), /^HTTP\/1\.1 200/);
    });
    assert.equal(url, 'http://localhost/a');
  });

  test('has HTTPS where the connection is encrypted', async () => {
    const { key, cert } = certificate();
    let url = '';
    const server = createSecureServer({ key, cert }, (req, res) => {
      ({ url } = nodeRequest(req));
      res.end();
    });
    await listen(server, async (port) => {
      const request = secureRequest({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false });
      const [response] = (await once(request.end(), 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'end');
      assert.equal(url, `https://127.0.0.1:${port}/`);
    });
  });

  test('has the authority of HTTP/2 as its host, and no pseudo-header', async () => {
    let request!: Request;
    const server: Http2Server = createHttp2Server((req, res) => {
      request = nodeRequest(req as unknown as IncomingMessage);
      res.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const stream = client.request({ ':path': '/a', ':authority': 'shop.example', 'x-a': ['1', '2'] });
    await text(stream);
    client.close();
    server.close();
    assert.equal(request.url, 'http://shop.example/a');
    assert.deepEqual([...request.headers], [['x-a', '1, 2']]);
  });

  test('has the body of a form as it comes', async () => {
    assert.equal(await received({ method: 'POST', body: 'a=1' }, (request) => request.text()), 'a=1');
  });

  test.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS'])('has its method and its body: %s', async (method) => {
    const read = async (request: Request) => `${request.method} ${await request.text()}`;
    const request = { method, headers: { 'content-length': '3' }, body: 'a=1' };
    assert.equal(await received(request, read), `${method} a=1`);
  });

  test('is OPTIONS where a `Request` cannot have its method', async () => {
    assert.equal(await received({ method: 'TRACE' }, ({ method }) => method), 'OPTIONS');
  });

  test.each<[string, unknown, string]>([
    ['application/json; charset=utf-8', { a: [1, { b: null }] }, '{"a":[1,{"b":null}]}'],
    ['application/problem+json', 'a', '"a"'],
    ['application/octet-stream', Buffer.from('a=1'), 'a=1'],
  ])('has the content that middleware has read of %s', async (type, body, expected) => {
    let content: string | undefined;
    const server = createServer((req, res) => {
      void text(req).then(async () => {
        content = await nodeRequest(req, body).text();
        res.end();
      });
    });
    const request = { method: 'PATCH', headers: { 'content-type': type }, body: 'as it came' };
    await listen(server, async (port) => void (await ask(port, request)));
    assert.equal(content, expected);
  });

  test.each<[string, unknown, string]>([
    ['an object', { a: 'x y', nested: { b: 1 } }, 'a=x+y'],
    ['a string', 'a=1', 'a=1'],
    ['nothing', undefined, ''],
    ['null', null, ''],
  ])('has a form of which middleware has made %s', async (_name, body, expected) => {
    let form: string | undefined;
    const server = createServer((req, res) => {
      void text(req).then(async () => {
        const request = nodeRequest(req, body);
        assert.equal(request.headers.get('content-length'), null);
        form = await request.text();
        res.end();
      });
    });
    await listen(server, async (port) => void (await ask(port, { method: 'POST', body: 'as it came' })));
    assert.equal(form, expected);
  });
});

describe('nodeHandler', () => {
  const factory = createSessionFactory({ secret: 'nothing that a site may use, but long enough' });

  test('sends every cookie of the response, beside that of the session', async () => {
    const handler = nodeHandler<{ login(owner: string): void }>((_request, session) => {
      session.login('alice');
      return new Response('a', {
        headers: [
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
          ['x-a', '1'],
        ],
      });
    });
    await listen(createServer(withSession(factory, (req, res) => handler(req, res))), async (port) => {
      const { cookies, headers } = await ask(port);
      assert.deepEqual(
        cookies.map((line) => line.split('=')[0]),
        ['a', 'b', 'session'],
      );
      assert.equal(headers['x-a'], '1');
    });
  });

  test('without sessions in front, tells Express what is missing, or rejects where there is none', async () => {
    const handler = nodeHandler(() => assert.fail('called'));
    const message = /Mount `sessions\(factory\)` in front/;
    const errors: unknown[] = [];
    const app = express();
    app.use('/', handler as unknown as express.RequestHandler);
    const onError: express.ErrorRequestHandler = (error, _req, res, _next) => {
      errors.push(error);
      res.sendStatus(500);
    };
    app.use(onError);
    await listen(createServer(app), async (port) => assert.equal((await ask(port)).status, 500));
    assert.match(String(errors), message);
    const listener: RequestListener = (req, res) => {
      void assert.rejects(handler(req as SessionIncomingMessage<never>, res), message).then(() => res.end());
    };
    await listen(createServer(listener), async (port) => assert.equal((await ask(port)).status, 200));
  });

  /** Runs a handler whose stream does `begin`, for a client that does `meet`; returns what the handler rejects with. */
  async function outcomeOf(
    begin: (controller: ReadableStreamDefaultController<Uint8Array>) => void,
    meet: (response: IncomingMessage) => void,
  ): Promise<unknown> {
    const handler = nodeHandler(() => new Response(new ReadableStream({ start: begin })));
    const outcome = new Promise<unknown>((resolve) => {
      const listener = withSession(factory, async (req, res) => {
        resolve(await handler(req, res).catch((error: unknown) => error));
      });
      void listen(createServer(listener), async (port) => {
        const request = httpRequest({ port, host: '127.0.0.1', agent: false }).end();
        request.on('error', () => {});
        request.on('response', (response) => {
          response.on('error', () => {});
          meet(response);
        });
        await outcome;
      });
    });
    return await outcome;
  }

  test('takes a client that goes for no error, and one of the stream for one', async () => {
    const piece = new TextEncoder().encode('piece');
    const left = await outcomeOf(
      (controller) => controller.enqueue(piece),
      (response) => response.destroy(),
    );
    assert.equal(left, undefined);
    const failure = new Error('the stream failed');
    const failed = await outcomeOf(
      (controller) => {
        controller.enqueue(piece);
        setImmediate(() => controller.error(failure));
      },
      (response) => response.resume(),
    );
    assert.equal(failed, failure);
  });
});
