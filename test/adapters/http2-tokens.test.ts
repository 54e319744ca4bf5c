// Sessions by the `Authorization` header over HTTP/2, whose heads have a form of their own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Http2ServerResponse, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { withSession } from 'websauna-session/node';

type Respond = (res: Http2ServerResponse) => void;

/** Runs an application on which `/login` and `/logout` do so, and returns the heads of requests that send the last token. */
async function visit(respond: Respond, paths: readonly string[]): Promise<IncomingHttpHeaders[]> {
  const factory = createSessionFactory({ secret: 'nothing that a site may use, but long enough', transport: 'header' });
  const listener = withSession(factory, (req, res) => {
    if (req.url === '/login') req.session.login('alice');
    if (req.url === '/logout') req.session.logout();
    respond(res as unknown as Http2ServerResponse);
  });
  const server = createServer(listener as never);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const heads: IncomingHttpHeaders[] = [];
  try {
    let token = '';
    for (const path of paths) {
      const stream = client.request({ ':path': path, authorization: `Bearer ${token}`.trim() });
      const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders];
      stream.resume();
      await once(stream, 'end');
      heads.push(head);
      const sent = head['x-session-token'];
      if (sent !== undefined) token = String(sent);
    }
  } finally {
    client.close();
    server.close();
    await factory.close();
  }
  return heads;
}

const RESPONSES: Readonly<Record<string, Respond>> = {
  'end(text)': (res) => res.end('hello'),
  'writeHead and end': (res) => {
    res.writeHead(200, { 'cache-control': 'no-store' });
    res.end('hello');
  },
  'respond of the stream': (res) => {
    res.stream.respond({ ':status': 200, 'Content-Type': 'text/plain' });
    res.stream.end('hello');
  },
};

describe.each(Object.entries(RESPONSES))('%s', (_, respond) => {
  test('has the token when it is new, and an empty one at the end', async () => {
    const [login, read, logout] = await visit(respond, ['/login', '/', '/logout']);
    assert.match(String(login!['x-session-token']), /^[\w-]{16}\.[\w-]{43}\.[\w-]{43}$/);
    assert.equal(login!['vary'], 'Authorization');
    assert.match(login!['cache-control']!, /private|no-store/);
    assert.equal(read!['x-session-token'], undefined);
    assert.equal(logout!['x-session-token'], '');
    for (const head of [login, read, logout]) assert.equal(head!['set-cookie'], undefined);
  });
});
