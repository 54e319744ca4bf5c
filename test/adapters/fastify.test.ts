import assert from 'node:assert/strict';
import { createReadStream, readFileSync, type ReadStream } from 'node:fs';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { describe, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import defaultExport, { sessions } from 'websauna-session/fastify';
import { waitFor } from '../support/wait-for.ts';
import { ask, type Answer, type AskInit } from './support/client.ts';
import { FILE } from './support/responses.ts';
import { quiet, StoreGate } from './support/store-gate.ts';

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

interface FastifySite {
  readonly gate: StoreGate;
  readonly app: FastifyInstance;
  ask(init?: AskInit): Promise<Answer>;
}

const SECRET = 'nothing that a site may use, but long enough';

async function withFastify(
  handler: Handler,
  act: (site: FastifySite) => Promise<void>,
  prepare?: (app: FastifyInstance) => void,
): Promise<void> {
  const gate = new StoreGate();
  const app = fastify();
  prepare?.(app);
  await app.register(sessions(createSessionFactory({ secret: SECRET, store: gate.store })));
  app.all('/', async (request, reply) => {
    request.session.set('a', 1);
    return await handler(request, reply);
  });
  try {
    const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
    await act({ gate, app, ask: (init) => ask(Number(port), init) });
  } finally {
    app.server.closeAllConnections();
    await app.close();
  }
}

const REPLIES: Readonly<Record<string, readonly [Handler, number, string | Buffer]>> = {
  text: [() => 'hello', 200, 'hello'],
  JSON: [() => ({ a: 1 }), 200, '{"a":1}'],
  'a buffer': [() => Buffer.from('hello'), 200, 'hello'],
  'a stream': [() => createReadStream(FILE), 200, readFileSync(FILE)],
  'a web stream': [() => new Blob(['hello']).stream(), 200, 'hello'],
  'a Fetch response': [() => new Response('hello', { status: 201, headers: { etag: '"1"' } }), 201, 'hello'],
  nothing: [(_request, reply) => reply.status(204).send(), 204, ''],
  'a redirect': [(_request, reply) => reply.redirect('/elsewhere', 303), 303, ''],
};

describe('Fastify', () => {
  test.each(Object.entries(REPLIES))('%s leaves when the session is stored', async (_name, [handler, status, body]) => {
    await withFastify(handler, async (site) => {
      const write = site.gate.hold();
      let answered = false;
      const answering = site.ask().finally(() => (answered = true));
      await write.reached;
      await quiet();
      assert.equal(answered, false);
      write.open();
      const answer = await answering;
      assert.equal(answer.status, status);
      assert.ok(answer.body.equals(Buffer.from(body)));
      assert.equal(answer.cookies.length, 1);
    });
  });

  test.each(Object.entries(REPLIES))(
    "%s is replaced by the answer of the application's error handler",
    async (_name, [handler]) => {
      const seen: unknown[] = [];
      const prepare = (app: FastifyInstance): void => {
        app.setErrorHandler<Error & { code: string; statusCode: number }>((error, _request, reply) => {
          seen.push(error.code);
          return reply.status(error.statusCode).send({ sorry: true });
        });
      };
      await withFastify(
        handler,
        async (site) => {
          const write = site.gate.hold();
          const answering = site.ask();
          await write.reached;
          write.fail();
          const { status, cookies, headers, body } = await answering;
          assert.equal(status, 503);
          assert.equal(body.toString(), '{"sorry":true}');
          assert.deepEqual(cookies, []);
          for (const name of ['location', 'etag']) assert.equal(headers[name], undefined);
          assert.deepEqual(seen, ['ERR_SESSION_STORE']);
        },
        prepare,
      );
    },
  );

  test('a handler that answers and returns nothing, as in Nest 11, answers once', async () => {
    const answerAndReturn: Handler = async (_request, reply) => {
      void reply.redirect('/elsewhere', 303);
    };
    await withFastify(answerAndReturn, async (site) => {
      const write = site.gate.hold();
      const answering = site.ask();
      await write.reached;
      await quiet();
      write.open();
      const { status, headers, cookies } = await answering;
      assert.deepEqual([status, headers['location'], cookies.length], [303, '/elsewhere', 1]);
    });
  });

  test('without an error handler of its own it answers with the status, and without the cause', async () => {
    await withFastify(
      () => 'hello',
      async (site) => {
        const write = site.gate.hold();
        const answering = site.ask();
        await write.reached;
        write.fail();
        const { status, body } = await answering;
        assert.equal(status, 503);
        assert.doesNotMatch(body.toString(), /connection lost/);
      },
    );
  });

  test('a file whose session cannot be stored is closed', async () => {
    let file!: ReadStream;
    const handler = (): ReadStream => (file = createReadStream(FILE));
    await withFastify(handler, async (site) => {
      const write = site.gate.hold();
      const answering = site.ask();
      await write.reached;
      write.fail();
      assert.equal((await answering).status, 503);
      await waitFor('the file to be closed', () => file.closed);
    });
  });

  test('a session that is saved before the reply is hijacked is stored', async () => {
    const handler: Handler = async (request, reply) => {
      await request.session.save();
      reply.hijack();
      reply.raw.end('raw');
    };
    await withFastify(handler, async (site) => {
      assert.equal((await site.ask()).body.toString(), 'raw');
      assert.equal(site.gate.memory.size, 1);
    });
  });

  const PAST: Readonly<Record<string, (reply: FastifyReply) => unknown>> = {
    'is hijacked': (reply) => {
      reply.hijack();
      reply.raw.end('raw');
    },
    'is answered by its raw response': (reply) => {
      reply.raw.writeHead(200);
      reply.raw.write('r');
      setImmediate(() => reply.raw.end('aw'));
      return reply;
    },
  };

  test.each(Object.entries(PAST))('C12: what nothing saves of a reply that %s is reported', async (_name, answer) => {
    const factory = createSessionFactory({ secret: SECRET });
    const discarded: unknown[] = [];
    factory.on('discarded', (event) => discarded.push(event));
    const app = fastify();
    await app.register(sessions(factory));
    app.get('/begin', ({ session }) => session.set('a', 1).handle);
    const acts: Readonly<Record<string, (session: FastifyRequest['session']) => unknown>> = {
      set: (session) => session.set('a', 2),
      logout: (session) => session.logout(),
      save: async (session) => await session.set('a', 3).save(),
      read: (session) => session.get('a'),
    };
    app.get('/:act', async (request, reply) => {
      await acts[(request.params as { act: string }).act]!(request.session);
      return answer(reply);
    });
    try {
      const port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
      const begun = await ask(port, { path: '/begin' });
      const handle = begun.body.toString();
      const headers = { cookie: begun.cookies[0]!.split(';')[0]! };
      for (const [path, lost] of [
        ['/set', handle],
        ['/logout', handle],
        ['/save', undefined],
        ['/read', undefined],
      ] as const) {
        assert.equal((await ask(port, { path, headers })).body.toString(), 'raw');
        if (lost !== undefined) await waitFor('the report', () => discarded.length > 0);
        await quiet();
        assert.deepEqual(discarded.splice(0), lost === undefined ? [] : [{ handle, reason: 'late' }], path);
      }
      assert.equal((await ask(port, { path: '/set' })).body.toString(), 'raw');
      await waitFor('the report of a new session', () => discarded.length > 0);
      assert.deepEqual(discarded, [{ handle: null, reason: 'late' }]);
    } finally {
      app.server.closeAllConnections();
      await app.close();
    }
  });

  test('a hook that answers before there is a session is left alone', async () => {
    await withFastify(
      () => 'hello',
      async (site) => {
        const { status, body, cookies } = await site.ask();
        assert.deepEqual([status, body.toString(), cookies], [403, 'no', []]);
      },
      (app) => void app.addHook('onRequest', (_request, reply) => reply.status(403).send('no')),
    );
  });

  test('pages that are not found have a session too', async () => {
    const gate = new StoreGate();
    const app = fastify();
    await app.register(sessions(createSessionFactory({ secret: SECRET, store: gate.store })));
    app.setNotFoundHandler((request, reply) => {
      request.session.flash('not here');
      return reply.redirect('/');
    });
    const { statusCode, headers } = await app.inject('/nowhere');
    assert.equal(statusCode, 302);
    assert.match(String(headers['set-cookie']), /^session=/);
    assert.equal(gate.memory.size, 1);
    await app.close();
  });
});

describe('Fastify with `register(sessions, options)`', () => {
  test.each([
    ['the named export', sessions],
    ['the default export', defaultExport],
  ])('takes %s and its options', async (_name, plugin) => {
    const gate = new StoreGate();
    const app = fastify();
    await app.register(plugin, { secret: SECRET, store: gate.store, property: 'visit' });
    app.get('/', (request) => (request as unknown as { visit: FastifyRequest['session'] }).visit.set('a', 1).size);
    const { statusCode, headers } = await app.inject('/');
    assert.equal(statusCode, 200);
    assert.match(String(headers['set-cookie']), /^session=/);
    assert.equal(gate.memory.size, 1);
    await app.close();
  });

  test('has a session outside of the scope of the plugin, as with `register(sessions(options))`', async () => {
    const app = fastify();
    await app.register(async (scope) => {
      await scope.register(sessions, { secret: SECRET });
      scope.get('/', (request) => request.session.size);
    });
    assert.equal((await app.inject('/')).body, '0');
    await app.close();
  });

  test('refuses options that are wrong, by the name', async () => {
    const app = fastify();
    await assert.rejects(async () => await app.register(sessions, { secret: 'short' }), /Expected `secret` to have/);
  });

  test('a property that is taken is refused', async () => {
    const app = fastify();
    await app.register(sessions, { secret: SECRET });
    await assert.rejects(async () => await app.register(sessions, { secret: SECRET }), {
      code: 'FST_ERR_DEC_ALREADY_PRESENT',
    });
  });
});
