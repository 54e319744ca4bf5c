// `nodeRequest` and `nodeHandler`, which hand requests of `node:http` to Fetch handlers.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import { connect, createServer as createHttp2Server, type ClientHttp2Stream, type Http2Server } from 'node:http2';
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
import { deferred } from './support/store-gate.ts';

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

  test.each<[host: string, path: string, expected: string]>([
    ['a/admin?', '/public', 'http://a/public'],
    ['a?', '/public?x=1', 'http://a/public?x=1'],
    ['a#b', '/public', 'http://a/public'],
    ['user:secret@a:81', '/public', 'http://a:81/public'],
    ['a\\admin', '/public', 'http://a/public'],
    ['a', 'http://user:secret@b/public', 'http://b/public'],
    ['a', '//b/public', 'http://a//b/public'],
  ])('keeps path and query, and has no credentials: Host %s, target %s', async (host, path, expected) => {
    assert.equal(await received({ path, headers: { host } }, ({ url }) => url), expected);
  });

  /** Returns what `read` makes of an upload over HTTP/2. */
  async function receivedOverHttp2<R>(
    method: string,
    upload: (stream: ClientHttp2Stream) => void,
    read: (request: Request, req: IncomingMessage) => R | Promise<R>,
  ): Promise<PromiseSettledResult<R>> {
    let result!: PromiseSettledResult<R>;
    const settled = deferred();
    const server: Http2Server = createHttp2Server((incoming, res) => {
      const req = incoming as unknown as IncomingMessage;
      void Promise.allSettled([(async () => await read(nodeRequest(req), req))()]).then(([each]) => {
        result = each;
        settled.resolve();
        // Node 20.19.0 throws where the stream has been aborted.
        if (!res.stream.destroyed) res.end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const stream = client.request({ ':method': method, ':path': '/' }, { endStream: false });
    stream.on('error', () => {});
    upload(stream);
    await settled.promise;
    client.close();
    server.close();
    return result;
  }

  test.each([
    ['get', 'GET'],
    ['head', 'HEAD'],
    ['patch', 'patch'],
    ['trace', 'OPTIONS'],
  ])('has the method of HTTP/2 in its case: %s', async (method, expected) => {
    const result = await receivedOverHttp2(
      method,
      (stream) => stream.end(),
      (request) => request.method,
    );
    assert.deepEqual(result, { status: 'fulfilled', value: expected });
  });

  test('an upload over HTTP/2 that is aborted does not look complete', async () => {
    const result = await receivedOverHttp2(
      'PUT',
      (stream) => {
        stream.write('first half', () => stream.session!.destroy());
      },
      (request) => request.text(),
    );
    assert.equal(result.status, 'rejected');
  });

  test('an upload over HTTP/2 that was aborted before does not look empty', async () => {
    const result = await receivedOverHttp2(
      'PUT',
      (stream) => {
        stream.write('first half', () => stream.session!.destroy());
      },
      async (_request, req) => {
        if (!req.aborted) await once(req, 'aborted');
        return await nodeRequest(req).text();
      },
    );
    assert.equal(result.status, 'rejected');
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
    ['application/problem+json', [1], '[1]'],
    ['application/json', '{"a":1}', '{"a":1}'],
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
    ['a list', { a: ['1', '2', 3] }, 'a=1&a=2'],
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

  test('answers the next request of a connection whose body it has not read', async () => {
    const handler = nodeHandler(() => new Response('a'));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await listen(createServer(withSession(factory, (req, res) => handler(req, res))), async (port) => {
      for (const method of ['POST', 'PUT']) {
        const { body } = await ask(port, { method, agent, body: 'x'.repeat(1_000_000) });
        assert.equal(body.toString(), 'a');
      }
      agent.destroy();
    });
  });

  test('is done with a request whose client has gone, also in the middle of its body', async () => {
    const [arrived, handled] = [deferred(), deferred()];
    let rest: PromiseSettledResult<unknown> | undefined;
    const handler = nodeHandler(async (request) => {
      const reader = request.body!.getReader();
      await reader.read();
      arrived.resolve();
      [rest] = await Promise.allSettled([reader.read()]);
      if (rest.status === 'rejected') throw rest.reason;
      return new Response('a');
    });
    const server = createServer(withSession(factory, (req, res) => handler(req, res).finally(handled.resolve)));
    await listen(server, async (port) => {
      const socket = connectTo(port, '127.0.0.1');
      socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nfirst');
      await arrived.promise;
      socket.resetAndDestroy();
      await handled.promise;
      assert.equal(rest?.status, 'rejected');
    });
  });

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
