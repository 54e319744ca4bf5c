import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect, createServer, type ClientHttp2Session, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createReadStream, readFileSync } from 'node:fs';
import Koa from 'koa';
import { describe, test } from 'vitest';
import { createSessionFactory, type SessionFactory } from 'websauna-session';
import { sessions as koaSessions } from 'websauna-session/koa';
import { sessions, withSession } from 'websauna-session/node';
import { waitFor } from '../support/wait-for.ts';
import { FILE } from './support/responses.ts';
import type { Respond } from './support/site.ts';
import { quiet, StoreGate } from './support/store-gate.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** `node:http2`'s compatibility API with a session in front of `respond`. */
type Listen = (factory: SessionFactory, respond: Respond, errors: unknown[]) => RequestListener;

const SERVERS: Readonly<Record<string, Listen>> = {
  'node:http2 with withSession': (factory, respond, errors) =>
    withSession(factory, async (req, res) => void (await respond(req.session.set('a', 1) && req, res)), {
      onError(error, _req, res) {
        errors.push(error);
        res.statusCode = (error as { status?: number }).status ?? 500;
        res.end('failed');
      },
    }),
  'node:http2 with Connect-style sessions': (factory, respond, errors) => {
    const middleware = sessions(factory);
    return (req, res) => {
      middleware(req, res, (error) => {
        if (error === undefined) {
          (req as unknown as { session: Map<string, unknown> }).session.set('a', 1);
          void respond(req, res);
          return;
        }
        errors.push(error);
        res.statusCode = 503;
        res.end('failed');
      });
    };
  },
  'Koa on node:http2': (factory, respond, errors) => {
    const app = new Koa();
    app.on('error', (error) => errors.push(error));
    app.use(koaSessions(factory));
    app.use(async (ctx) => {
      ctx['session'].set('a', 1);
      ctx.respond = false;
      ctx.status = 200;
      await respond(ctx.req, ctx.res);
    });
    const handle = app.callback();
    return (req, res) => void handle(req, res);
  },
};

const RESPONSES: Readonly<Record<string, { respond: Respond; body: Buffer; status?: number }>> = {
  'end(text)': { respond: (_req, res) => res.end('hello'), body: Buffer.from('hello') },
  'write, then end': {
    respond(_req, res) {
      res.write('one ');
      res.end('two');
    },
    body: Buffer.from('one two'),
  },
  'writeHead with headers': {
    respond: (_req, res) => res.writeHead(201, { 'x-a': 'a' }).end('made'),
    body: Buffer.from('made'),
    status: 201,
  },
  flushHeaders: {
    respond(_req, res) {
      res.flushHeaders();
      res.end('later');
    },
    body: Buffer.from('later'),
  },
  204: { respond: (_req, res) => res.writeHead(204).end(), body: Buffer.alloc(0), status: 204 },
  'a file, piped': { respond: (_req, res) => void createReadStream(FILE).pipe(res), body: readFileSync(FILE) },
  'a file by stream.pipeline': {
    respond: (_req, res) => pipeline(createReadStream(FILE), res).catch(() => {}),
    body: readFileSync(FILE),
  },
};

class Http2Site {
  readonly gate = new StoreGate();
  readonly errors: unknown[] = [];
  readonly #factory = createSessionFactory({
    secret: 'nothing that a site may use, but long enough',
    store: this.gate.store,
  });
  readonly #server: Http2Server;
  client!: ClientHttp2Session;

  constructor(listen: Listen, respond: Respond) {
    this.#server = createServer(listen(this.#factory, respond, this.errors) as never);
  }

  async run(act: () => Promise<void>): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.client = connect(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
    try {
      await act();
    } finally {
      this.client.destroy();
      this.#server.close();
      await once(this.#server, 'close');
      await this.#factory.close();
    }
  }

  async ask(): Promise<Answer> {
    const stream = this.client.request({ ':path': '/' });
    const [headers] = (await once(stream, 'response')) as [Answer['headers']];
    return { status: Number(headers[':status']), headers, body: await buffer(stream) };
  }
}

describe.each(Object.entries(SERVERS))('%s', (_server, listen) => {
  test.each(Object.entries(RESPONSES))(
    '%s leaves when the session is stored',
    async (_name, { respond, body, status = 200 }) => {
      const site = new Http2Site(listen, respond);
      await site.run(async () => {
        const write = site.gate.hold();
        let answered = false;
        const answering = site.ask().finally(() => (answered = true));
        await write.reached;
        await quiet();
        assert.equal(answered, false);
        write.open();
        const answer = await answering;
        assert.equal(answer.status, status);
        assert.ok(answer.body.equals(body));
        assert.equal(answer.headers['set-cookie']?.length, 1);
        assert.equal(answer.headers['vary'], 'Cookie');
        assert.deepEqual(site.errors, []);
      });
    },
  );

  test.each(Object.entries(RESPONSES))('%s is replaced by an error', async (_name, { respond }) => {
    const site = new Http2Site(listen, respond);
    await site.run(async () => {
      const write = site.gate.hold();
      const answering = site.ask();
      await write.reached;
      write.fail();
      const { status, headers } = await answering;
      assert.equal(status, 503);
      assert.equal(headers['set-cookie'], undefined);
      assert.equal((site.errors[0] as { code: string }).code, 'ERR_SESSION_STORE');
    });
  });

  test('a client that hangs up has its session stored', async () => {
    const site = new Http2Site(listen, (_req, res) => {
      res.write('one ');
      res.end('two');
    });
    await site.run(async () => {
      const write = site.gate.hold();
      const stream = site.client.request({ ':path': '/' });
      await write.reached;
      stream.close();
      await once(stream, 'close');
      await quiet();
      write.open();
      await waitFor('the session', () => site.gate.memory.size === 1);
      await quiet();
      assert.deepEqual(site.errors, []);
    });
  });
});
