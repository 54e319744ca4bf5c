import assert from 'node:assert/strict';
import { createReadStream, readFileSync, type ReadStream } from 'node:fs';
import { createServer } from 'node:http';
import Koa, { type Context } from 'koa';
import { describe, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { sessions } from 'websauna-session/koa';
import { waitFor } from '../support/wait-for.ts';
import { ask, type Answer, type AskInit } from './support/client.ts';
import { listen } from './support/listen.ts';
import { FILE } from './support/responses.ts';
import { quiet, StoreGate } from './support/store-gate.ts';

interface KoaSite {
  readonly gate: StoreGate;
  readonly errors: unknown[];
  /** The context of the last request. */
  ctx: Context | undefined;
  ask(init?: AskInit): Promise<Answer>;
}

async function withKoa(respond: (ctx: Context) => unknown, act: (site: KoaSite) => Promise<void>): Promise<void> {
  const gate = new StoreGate();
  const factory = createSessionFactory({ secret: 'nothing that a site may use, but long enough', store: gate.store });
  const app = new Koa();
  const site: KoaSite = { gate, errors: [], ctx: undefined, ask: () => Promise.reject(new Error('not listening yet')) };
  app.on('error', (error) => site.errors.push(error));
  app.use(sessions(factory));
  app.use(async (ctx) => {
    site.ctx = ctx;
    ctx['session'].set('a', 1);
    await respond(ctx);
  });
  const handle = app.callback();
  await listen(
    createServer((req, res) => void handle(req, res)),
    async (port) => {
      site.ask = (init) => ask(port, init);
      await act(site);
    },
  );
  await factory.close();
}

const BODIES: Readonly<Record<string, readonly [(ctx: Context) => unknown, number, string | Buffer, AskInit?]>> = {
  text: [(ctx) => (ctx.body = 'hello'), 200, 'hello'],
  'a buffer': [(ctx) => (ctx.body = Buffer.from('hello')), 200, 'hello'],
  JSON: [(ctx) => (ctx.body = { a: 1 }), 200, '{"a":1}'],
  'a stream': [(ctx) => (ctx.body = createReadStream(FILE)), 200, readFileSync(FILE)],
  'a web stream': [(ctx) => (ctx.body = new Blob(['hello']).stream()), 200, 'hello'],
  'a blob': [(ctx) => (ctx.body = new Blob(['hello'])), 200, 'hello'],
  'a Fetch response': [(ctx) => (ctx.body = new Response('hello')), 200, 'hello'],
  null: [(ctx) => (ctx.body = null), 204, ''],
  nothing: [() => undefined, 404, 'Not Found'],
  'a redirect': [(ctx) => ctx.redirect('/elsewhere'), 302, 'Redirecting to /elsewhere.'],
  HEAD: [(ctx) => (ctx.body = 'hello'), 200, '', { method: 'HEAD' }],
  'the raw response': [(ctx) => void ctx.res.writeHead(200, { 'x-a': 'a' }).end('hello'), 200, 'hello'],
  'the raw response, bypassing Koa': [
    (ctx) => {
      ctx.respond = false;
      ctx.res.writeHead(200).end('hello');
    },
    200,
    'hello',
  ],
};

describe('Koa', () => {
  test.each(Object.entries(BODIES))(
    '%s leaves when the session is stored',
    async (_name, [respond, status, body, init]) => {
      await withKoa(respond, async (site) => {
        const write = site.gate.hold();
        const answering = site.ask(init);
        await write.reached;
        await quiet();
        assert.equal(site.ctx?.req.socket.bytesWritten, 0);
        write.open();
        const answer = await answering;
        assert.equal(answer.status, status);
        assert.ok(answer.body.equals(Buffer.from(body)));
        assert.equal(answer.cookies.length, 1);
        assert.deepEqual(site.errors, []);
      });
    },
  );

  test.each(Object.entries(BODIES))(
    '%s is replaced by the answer of `ctx.onerror`',
    async (_name, [respond, , , init]) => {
      await withKoa(respond, async (site) => {
        const write = site.gate.hold();
        const answering = site.ask(init);
        await write.reached;
        write.fail();
        const { status, cookies, headers, body } = await answering;
        assert.equal(status, 503);
        assert.deepEqual(cookies, []);
        assert.equal(headers['location'], undefined);
        assert.equal(body.toString(), init === undefined ? 'Service Unavailable' : '');
        assert.equal((site.errors[0] as { code: string }).code, 'ERR_SESSION_STORE');
      });
    },
  );

  test('a file whose session cannot be stored is closed', async () => {
    let file!: ReadStream;
    await withKoa(
      (ctx) => (ctx.body = file = createReadStream(FILE)),
      async (site) => {
        const write = site.gate.hold();
        const answering = site.ask();
        await write.reached;
        write.fail();
        assert.equal((await answering).status, 503);
        await waitFor('the file to be closed', () => file.closed);
      },
    );
  });

  test('a handler that throws has changed its session all the same', async () => {
    const respond = (): never => {
      throw new Error('the handler failed');
    };
    await withKoa(respond, async (site) => {
      const { status, cookies } = await site.ask();
      assert.equal(status, 500);
      assert.equal(cookies.length, 1);
      assert.equal(site.gate.memory.size, 1);
    });
  });
});
