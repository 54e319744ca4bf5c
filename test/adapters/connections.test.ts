import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, test } from 'vitest';
import type { WebsaunaSession } from 'websauna-session';
import { waitFor } from '../support/wait-for.ts';
import { ask } from './support/client.ts';
import { FRAMEWORKS, withSite, type Respond } from './support/site.ts';
import { quiet } from './support/store-gate.ts';

const sessionOf = (req: IncomingMessage): WebsaunaSession =>
  (req as IncomingMessage & { session: WebsaunaSession }).session;

/** Answers with the URL; under `/change` it changes the session too. */
const echo: Respond = (req, res) => {
  if (req.url?.startsWith('/change') === true) sessionOf(req).set('a', req.url);
  res.end(req.url);
};

async function openSocket(port: number): Promise<{ socket: Socket; received: () => string }> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  await once(socket, 'connect');
  return { socket, received: () => received };
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

describe.each(FRAMEWORKS)('%s', (framework) => {
  test('many requests go over one connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await withSite(framework, { respond: echo, use: (session) => session.set('a', 1) }, async (site) => {
      let connections = 0;
      site.server.on('connection', () => connections++);
      for (let i = 0; i < 30; i++) assert.equal((await site.ask({ agent })).status, 200);
      assert.equal(connections, 1);
      assert.equal(site.gate.memory.size, 30);
    });
    agent.destroy();
  });

  test('pipelined requests are answered in their order', async () => {
    await withSite(framework, { respond: echo }, async (site) => {
      const write = site.gate.hold();
      const { socket, received } = await openSocket(site.port);
      socket.write(get('/change/1') + get('/2') + get('/change/3') + get('/4'));
      await write.reached;
      await quiet();
      assert.equal(received(), '');
      write.open();
      await waitFor('four answers', () => received().endsWith('/4'));
      const bodies = received().match(/\/(?:change\/)?\d$|\/(?:change\/)?\d(?=HTTP)/gm);
      assert.deepEqual(bodies, ['/change/1', '/2', '/change/3', '/4']);
      assert.equal(received().match(/^set-cookie:/gim)?.length, 2);
      socket.destroy();
    });
  });

  test('a pipelined response whose store fails does not hold up the next', async () => {
    await withSite(framework, { respond: echo }, async (site) => {
      const write = site.gate.hold();
      const { socket, received } = await openSocket(site.port);
      socket.write(get('/change/1') + get('/2'));
      await write.reached;
      write.fail();
      await waitFor('both answers', () => received().endsWith('/2'));
      assert.match(received(), /^HTTP\/1\.1 503 /);
      assert.match(received(), /HTTP\/1\.1 200 OK/);
      socket.destroy();
    });
  });

  test('100 Continue is sent before the session is stored, the answer after', async () => {
    const respond: Respond = async (req, res) => {
      const body = await text(req);
      sessionOf(req).set('body', body);
      res.end(body);
    };
    await withSite(framework, { respond }, async (site) => {
      const write = site.gate.hold();
      const sending = request({
        host: '127.0.0.1',
        port: site.port,
        method: 'POST',
        agent: false,
        headers: { expect: '100-continue' },
      });
      sending.flushHeaders();
      await once(sending, 'continue');
      sending.end('hello');
      await write.reached;
      write.open();
      const [response] = (await once(sending, 'response')) as [IncomingMessage];
      assert.equal(await text(response), 'hello');
      assert.equal(response.headers['set-cookie']?.length, 1);
    });
  });

  test('early hints and other informational responses do not wait', async () => {
    const respond: Respond = (req, res) => {
      sessionOf(req).set('a', 1);
      res.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
      res.writeProcessing();
      res.end('hello');
    };
    await withSite(framework, { respond }, async (site) => {
      const write = site.gate.hold();
      const codes: number[] = [];
      const asking = request({ host: '127.0.0.1', port: site.port, agent: false });
      asking.on('information', ({ statusCode }) => codes.push(statusCode)).end();
      await write.reached;
      await waitFor('both', () => codes.length === 2);
      assert.deepEqual(codes, [103, 102]);
      write.open();
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      assert.equal(await text(response), 'hello');
      assert.equal(response.headers['set-cookie']?.length, 1);
    });
  });

  test('a server that closes waits for a response whose session is being stored', async () => {
    await withSite(framework, { respond: echo, use: (session) => session.set('a', 1) }, async (site) => {
      const write = site.gate.hold();
      const answering = ask(site.port, { headers: { connection: 'close' } });
      await write.reached;
      const closed = once(site.server, 'close');
      site.server.close();
      write.open();
      assert.equal((await answering).status, 200);
      await closed;
    });
  });

  test('a session that is used for the first time when the headers have left stores nothing by itself', async () => {
    const codes: unknown[] = [];
    const respond: Respond = async (req, res) => {
      res.write('one ');
      const session = sessionOf(req);
      try {
        session.set('a', 1);
      } catch (error) {
        codes.push((error as { code: string }).code);
      }
      await session.save();
      res.end('two');
    };
    await withSite(framework, { respond }, async (site) => {
      const { body, headers } = await site.ask();
      assert.equal(body.toString(), 'one two');
      assert.equal(headers['vary'], undefined);
      assert.deepEqual(codes, ['ERR_SESSION_HEADERS_SENT']);
      assert.equal(site.gate.memory.size, 0);
      assert.deepEqual(site.errors, []);
    });
  });
});
