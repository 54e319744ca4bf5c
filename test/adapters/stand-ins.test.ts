import assert from 'node:assert/strict';
import { createServer, request, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as EngineServer } from 'engine.io';
import { callNodeRequestHandler } from 'node-mock-http';
import { describe, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import { sessions as expressSessions } from 'websauna-session/express';
import { sessions } from 'websauna-session/node';
import { WEBSOCKET_HEADERS, WEBSOCKET_PATH } from '../support/websocket.ts';
import { ask } from './support/client.ts';
import { listen } from './support/listen.ts';
import type { Middleware } from './support/site.ts';
import { quiet, StoreGate } from './support/store-gate.ts';

type Held = IncomingMessage & { session: WebsaunaSession };

/** Sessions that every request renews, so that each has something to commit. */
class Fixture {
  readonly gate: StoreGate = new StoreGate();
  readonly factory: SessionFactory = createSessionFactory({
    secret: 'nothing that a site may use, but long enough',
    store: this.gate.store,
    touchInterval: 0,
  });
  readonly touched: string[] = [];

  constructor() {
    this.factory.on('touched', ({ handle }) => void this.touched.push(handle));
  }

  /** A plain server that begins a session at every URL. */
  get listener(): RequestListener {
    const middleware = sessions(this.factory);
    return (req, res) => middleware(req, res, () => res.end(String((req as Held).session.set('a', 1).size)));
  }

  /** The cookie of a session that has begun, as a `Cookie` header. */
  async begin(port: number): Promise<string> {
    return (await ask(port)).cookies[0]!.split(';')[0]!;
  }
}

/** Asks for a WebSocket, and returns the status of the answer. */
async function upgrade(port: number, cookie: string): Promise<number> {
  const headers = { cookie, ...WEBSOCKET_HEADERS };
  const asking = request({ host: '127.0.0.1', port, path: WEBSOCKET_PATH, headers, agent: false }).end();
  return await new Promise<number>((resolve, reject) => {
    asking.on('error', reject);
    asking.on('response', (response) => resolve(response.resume().statusCode!));
    asking.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode!);
    });
  });
}

const ADAPTERS = { 'node:http': sessions, Express: expressSessions as unknown as typeof sessions };

describe.each(Object.entries(ADAPTERS))('%s as a middleware of Engine.IO', (_name, adapter) => {
  const withEngine = async (
    fixture: Fixture,
    act: (port: number, handshakes: WebsaunaSession[]) => Promise<void>,
    behind?: (session: WebsaunaSession) => void,
  ): Promise<void> => {
    const server = createServer(fixture.listener);
    const engine = new EngineServer({ transports: ['websocket'] });
    const handshakes: WebsaunaSession[] = [];
    engine.use(adapter(fixture.factory));
    engine.use((req: Held, _res: unknown, next: () => void) => {
      behind?.(req.session);
      next();
    });
    engine.on('connection', ({ request: opened }: { request: Held }) => handshakes.push(opened.session));
    engine.attach(server);
    await listen(server, async (port) => await act(port, handshakes));
    engine.close();
  };

  test('a touch that is due at the handshake is committed before it goes on', async () => {
    const fixture = new Fixture();
    await withEngine(fixture, async (port, handshakes) => {
      const cookie = await fixture.begin(port);
      assert.equal(await upgrade(port, cookie), 101);
      assert.equal(fixture.touched.length, 1);
      assert.equal(handshakes[0]!.get('a'), 1);
      handshakes[0]!.set('a', 2);
      await handshakes[0]!.save();
      assert.equal((await handshakes[0]!.reload()).get('a'), 2);
    });
  });

  test('a store that fails refuses the handshake, and ends nothing else', async () => {
    const fixture = new Fixture();
    await withEngine(fixture, async (port) => {
      const cookie = await fixture.begin(port);
      fixture.gate.memory.load = () => Promise.reject(new Error('connection lost'));
      assert.equal(await upgrade(port, cookie), 400);
    });
  });

  test('a change that the store refuses ends nothing', async () => {
    const fixture = new Fixture();
    const change = (session: WebsaunaSession): void =>
      void session
        .set('a', 2)
        .save()
        .catch(() => {});
    await withEngine(
      fixture,
      async (port) => {
        const cookie = await fixture.begin(port);
        const [touch, save] = [fixture.gate.hold(), fixture.gate.hold()];
        touch.open();
        save.fail();
        assert.equal(await upgrade(port, cookie), 101);
        await quiet();
      },
      change,
    );
  });

  test('a touch that fails leaves the handshake alone', async () => {
    const fixture = new Fixture();
    await withEngine(fixture, async (port, handshakes) => {
      const cookie = await fixture.begin(port);
      fixture.gate.hold().fail();
      assert.equal(await upgrade(port, cookie), 101);
      assert.equal(handshakes.length, 1);
    });
  });

  test('a session cannot begin there: its cookie could not follow', async () => {
    const fixture = new Fixture();
    await withEngine(fixture, async (port, handshakes) => {
      assert.equal(await upgrade(port, ''), 101);
      const begin = async (): Promise<void> => await handshakes[0]!.set('a', 1).save();
      await assert.rejects(begin(), { code: 'ERR_SESSION_HEADERS_SENT' });
      assert.equal(fixture.gate.memory.size, 0);
    });
  });
});

describe.each(Object.entries(ADAPTERS))('%s with `{}` as the response, as in an example of ws', (_name, adapter) => {
  test('opens the session and commits what is due', async () => {
    const fixture = new Fixture();
    const server = createServer(fixture.listener);
    const middleware = adapter(fixture.factory) as unknown as (
      req: IncomingMessage,
      res: object,
      next: () => void,
    ) => void;
    server.on('upgrade', (req: Held, socket: Duplex) => {
      middleware(req, {}, () => socket.end(`HTTP/1.1 ${200 + Number(req.session.get('a'))} OK\r\n\r\n`));
    });
    await listen(server, async (port) => {
      const cookie = await fixture.begin(port);
      assert.equal(await upgrade(port, cookie), 201);
      assert.equal(fixture.touched.length, 1);
    });
  });
});

describe.each(Object.entries(ADAPTERS))("%s under Nitro's internal fetch", (_name, adapter) => {
  /** What h3 does: it goes on when `next` has been called, and waits for nothing after `end`. */
  const run =
    (middleware: Middleware, handle: (req: Held, res: ServerResponse) => unknown) =>
    async (req: unknown, res: unknown): Promise<void> => {
      const [asked, answer] = [req as Held, res as ServerResponse];
      await new Promise<void>((resolve, reject) => {
        middleware(asked, answer, (error) => (error === undefined ? resolve() : reject(error)));
      });
      await handle(asked, answer);
    };

  test('a response has its body although something had to be committed', async () => {
    const fixture = new Fixture();
    const handler = run(adapter(fixture.factory), (req, res) => res.end(`a is ${String(req.session.get('a'))}`));
    await listen(createServer(fixture.listener), async (port) => {
      const headers = { cookie: await fixture.begin(port) };
      const { status, body } = await callNodeRequestHandler(handler, { url: '/', headers });
      assert.deepEqual([status, String(body)], [200, 'a is 1']);
      assert.equal(fixture.touched.length, 1);
    });
  });

  test('what it saves is stored, and the body arrives', async () => {
    const fixture = new Fixture();
    const handler = run(adapter(fixture.factory), async (req, res) => {
      await req.session.set('a', 2).save();
      res.end('saved');
    });
    await listen(createServer(fixture.listener), async (port) => {
      const headers = { cookie: await fixture.begin(port) };
      const { body } = await callNodeRequestHandler(handler, { url: '/', headers });
      assert.equal(String(body), 'saved');
      assert.equal(
        (
          await callNodeRequestHandler(
            run(adapter(fixture.factory), (req, res) => res.end(String(req.session.get('a')))) as never,
            { url: '/', headers },
          )
        ).body?.toString(),
        '2',
      );
    });
  });
});
