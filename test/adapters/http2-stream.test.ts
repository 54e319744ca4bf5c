import assert from 'node:assert/strict';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { connect, createServer, type ClientHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { createSessionFactory, type WebsaunaSession } from 'websauna-session';
import { withSession } from 'websauna-session/node';
import { FILE } from './support/responses.ts';
import { quiet, StoreGate } from './support/store-gate.ts';

type Respond = (stream: ServerHttp2Stream, session: WebsaunaSession) => unknown;

interface Site {
  readonly gate: StoreGate;
  readonly errors: unknown[];
  readonly client: ClientHttp2Session;
}

/** A server whose listener answers past the response, on its stream. */
async function withStreams(respond: Respond, act: (site: Site) => Promise<void>): Promise<void> {
  const gate = new StoreGate();
  const errors: unknown[] = [];
  const factory = createSessionFactory({
    secret: 'nothing that a site may use, but long enough',
    store: gate.store,
  });
  const listener = withSession(
    factory,
    (req, res) => respond((res as ServerResponse & { stream: ServerHttp2Stream }).stream, req.session),
    { onError: (error) => void errors.push(error) },
  );
  const server = createServer(listener as never);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    await act({ gate, errors, client });
  } finally {
    client.destroy();
    server.close();
    await once(server, 'close');
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

async function ask(client: ClientHttp2Session): Promise<{ headers: Headers; body: string }> {
  const stream = client.request({ ':path': '/' });
  const [headers] = (await once(stream, 'response')) as [Headers];
  return { headers, body: (await buffer(stream)).toString() };
}

const PATH = fileURLToPath(FILE);
const CONTENT = readFileSync(FILE, 'utf8');

const ANSWERS: Readonly<Record<string, readonly [Respond, string]>> = {
  'respond() and end(text)': [
    (stream) => {
      stream.respond({ ':status': 201, 'X-A': 'a' });
      stream.end('hello');
    },
    'hello',
  ],
  'respond(), write and end': [
    (stream) => {
      stream.respond({ ':status': 201, 'x-a': 'a' });
      stream.write('one ');
      stream.write('two ');
      stream.end('three');
    },
    'one two three',
  ],
  'respond() with the end of the stream': [
    (stream) => stream.respond({ ':status': 201, 'x-a': 'a' }, { endStream: true }),
    '',
  ],
  'respondWithFile()': [(stream) => stream.respondWithFile(PATH, { ':status': 201, 'x-a': 'a' }), CONTENT],
  'respondWithFD()': [
    async (stream) => {
      const file = await open(PATH);
      stream.on('close', () => void file.close());
      stream.respondWithFD(file, { ':status': 201, 'x-a': 'a' });
    },
    CONTENT,
  ],
};

describe('An HTTP/2 stream that is answered past its response', () => {
  test.each(Object.entries(ANSWERS))('by %s waits for the commit', async (_name, [respond, body]) => {
    const begin: Respond = async (stream, session) => {
      session.set('a', 1);
      await respond(stream, session);
    };
    await withStreams(begin, async ({ gate, errors, client }) => {
      const write = gate.hold();
      let answered = false;
      const answering = ask(client).finally(() => (answered = true));
      await write.reached;
      await quiet();
      assert.equal(answered, false);
      write.open();
      const answer = await answering;
      assert.deepEqual([answer.headers[':status'], answer.headers['x-a'], answer.body], [201, 'a', body]);
      assert.equal(answer.headers['set-cookie']?.length, 1);
      assert.deepEqual([answer.headers['vary'], answer.headers['cache-control']], ['Cookie', 'private, no-cache']);
      assert.deepEqual(errors, []);
    });
  });

  test('by end() alone waits for the commit', async () => {
    const begin: Respond = (stream, session) => {
      session.set('a', 1);
      stream.end('hello');
    };
    await withStreams(begin, async ({ gate, client }) => {
      const { headers, body } = await ask(client);
      assert.deepEqual([headers[':status'], headers['set-cookie']?.length, body], [200, 1, 'hello']);
      assert.equal(gate.memory.size, 1);
    });
  });

  test('is answered at once when there is nothing to commit', async () => {
    const seen: boolean[] = [];
    const read: Respond = (stream, session) => {
      stream.respond({ ':status': 200, 'x-size': String(session.size) });
      seen.push(stream.headersSent);
      stream.end('hello');
    };
    await withStreams(read, async ({ client }) => {
      const { headers, body } = await ask(client);
      assert.deepEqual([headers['x-size'], headers['vary'], body, seen], ['0', 'Cookie', 'hello', [true]]);
    });
  });

  test('fails when the commit fails, and the error is reported', async () => {
    const begin: Respond = (stream, session) => {
      session.set('a', 1);
      stream.respond({ ':status': 200 });
      stream.end('hello');
    };
    await withStreams(begin, async ({ gate, errors, client }) => {
      gate.hold().fail();
      await assert.rejects(ask(client), { code: 'ERR_HTTP2_STREAM_ERROR' });
      assert.equal((errors[0] as { code: string }).code, 'ERR_SESSION_STORE');
      assert.equal((await ask(client)).headers[':status'], 200);
    });
  });

  test('refuses a second head', async () => {
    const codes: unknown[] = [];
    const twice: Respond = (stream, session) => {
      session.set('a', 1);
      stream.respond({ ':status': 200 });
      try {
        stream.respond({ ':status': 500 });
      } catch (error) {
        codes.push((error as { code: string }).code);
      }
      stream.end('hello');
    };
    await withStreams(twice, async ({ client }) => {
      assert.equal((await ask(client)).headers[':status'], 200);
      assert.deepEqual(codes, ['ERR_HTTP2_HEADERS_SENT']);
    });
  });
});
