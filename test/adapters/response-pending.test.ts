import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { request, type ServerResponse } from 'node:http';
import type { Response } from 'express';
import { describe, test } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FRAMEWORKS, withSite, type Respond, type SiteSpec } from './support/site.ts';
import { quiet } from './support/store-gate.ts';

const changing = (respond: Respond): SiteSpec => ({ respond, use: (session) => session.set('a', 1) });

/** What code can ask a response. */
const look = (res: ServerResponse): boolean[] => [res.headersSent, res.writableEnded, res.writableFinished];

// Their default is `Cache-Control: public, max-age=0`, and cacheable responses begin no session.
const LICENSE = fileURLToPath(new URL('../../LICENSE', import.meta.url));

const refusal = { code: 'ERR_HTTP_HEADERS_SENT' };

describe.each(FRAMEWORKS)('%s: while its session is being stored, a response', (framework) => {
  test('looks as if it had been sent', async () => {
    const seen: boolean[][] = [];
    let response!: ServerResponse;
    const respond: Respond = (_req, res) => {
      response = res;
      seen.push(look(res));
      res.write('one ');
      seen.push(look(res));
      res.end('two');
      seen.push(look(res));
    };
    await withSite(framework, changing(respond), async (site) => {
      const write = site.gate.hold();
      const answering = site.ask();
      await write.reached;
      await quiet();
      assert.deepEqual(
        [...seen, look(response)],
        [
          [false, false, false],
          [true, false, false],
          [true, true, false],
          [true, true, false],
        ],
      );
      write.open();
      assert.equal((await answering).body.toString(), 'one two');
      assert.deepEqual(look(response), [true, true, true]);
    });
  });

  test('takes no more headers, and keeps its status', async () => {
    const respond: Respond = (_req, res) => {
      res.setHeader('x-a', 'a');
      res.end('hello');
      res.statusCode = 500;
      assert.throws(() => res.setHeader('x-b', 'b'), refusal);
      assert.throws(() => res.appendHeader('x-b', 'b'), refusal);
      assert.throws(() => res.setHeaders(new Map([['x-b', 'b']])), refusal);
      assert.throws(() => res.removeHeader('x-a'), refusal);
      assert.equal(res.getHeader('x-a'), 'a');
    };
    await withSite(framework, changing(respond), async (site) => {
      const { status, headers, body } = await site.ask();
      assert.deepEqual([status, headers['x-a'], headers['x-b'], body.toString()], [200, 'a', undefined, 'hello']);
      assert.deepEqual(site.errors, []);
    });
  });

  test('can be ended and flushed again without harm', async () => {
    const respond: Respond = (_req, res) => {
      res.writeHead(201).end('hello');
      res.end();
      res.flushHeaders();
    };
    await withSite(framework, changing(respond), async (site) => {
      const { status, body } = await site.ask();
      assert.deepEqual([status, body.toString()], [201, 'hello']);
    });
  });

  test('takes headers again when the store has failed', async () => {
    let response!: ServerResponse;
    const respond: Respond = (_req, res) => (response = res).end('hello');
    await withSite(framework, changing(respond), async (site) => {
      const write = site.gate.hold();
      const answering = site.ask();
      await write.reached;
      write.fail();
      const { headers } = await answering;
      assert.match(headers['content-type']!, framework === 'node:http' ? /^text\/plain/ : /^text\/html/);
      assert.deepEqual(look(response), [true, true, true]);
    });
  });

  test('is stored although its client hangs up', async () => {
    let response!: ServerResponse;
    const respond: Respond = (_req, res) => (response = res).end('hello');
    await withSite(framework, changing(respond), async (site) => {
      const write = site.gate.hold();
      const client = request({ host: '127.0.0.1', port: site.port, agent: false })
        .on('error', () => {})
        .end();
      await write.reached;
      client.destroy();
      await once(response, 'close');
      write.open();
      await waitFor('the session', () => site.gate.memory.size === 1);
      await quiet();
      assert.deepEqual(site.errors, []);
      assert.equal((await site.ask()).status, 200);
    });
  });

  test('whose client hung up is reported when the store fails, and nothing breaks', async () => {
    let response!: ServerResponse;
    const respond: Respond = (_req, res) => {
      response = res;
      res.write('one ');
      res.end('two');
    };
    await withSite(framework, changing(respond), async (site) => {
      const write = site.gate.hold();
      const client = request({ host: '127.0.0.1', port: site.port, agent: false })
        .on('error', () => {})
        .end();
      await write.reached;
      client.destroy();
      await once(response, 'close');
      write.fail();
      await waitFor('the error', () => site.errors.length === 1);
      assert.equal((await site.ask()).status, 200);
    });
  });

  test('can be destroyed', async () => {
    const respond: Respond = (_req, res) => {
      res.write('one');
      res.destroy();
    };
    await withSite(framework, changing(respond), async (site) => {
      await assert.rejects(site.ask(), { code: 'ECONNRESET' });
      await waitFor('the session', () => site.gate.memory.size === 1);
      assert.deepEqual(site.errors, []);
    });
  });
});

describe.each(FRAMEWORKS)('%s: a client that hangs up before the response', (framework) => {
  test('has its session stored all the same', async () => {
    let arrived!: () => void;
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const respond: Respond = async (_req, res) => {
      arrived();
      await once(res, 'close');
      res.writeHead(200, { 'x-a': 'a' });
      res.write('one ');
      res.end('two');
    };
    await withSite(framework, changing(respond), async (site) => {
      const client = request({ host: '127.0.0.1', port: site.port, agent: false })
        .on('error', () => {})
        .end();
      await arrival;
      client.destroy();
      await waitFor('the session', () => site.gate.memory.size === 1);
      await quiet();
      assert.deepEqual(site.errors, []);
    });
  });
});

describe.each(FRAMEWORKS)('%s: a handler that throws', (framework) => {
  const fails = (): never => {
    throw new Error('the handler failed');
  };

  test('before it writes: an error page with the session', async () => {
    await withSite(framework, changing(fails), async (site) => {
      const { status, cookies } = await site.ask();
      assert.equal(status, 500);
      assert.equal(cookies.length, 1);
      assert.equal(site.gate.memory.size, 1);
    });
  });

  test('after its first write: the connection ends, as it would without a session', async () => {
    const respond: Respond = (_req, res) => {
      res.write('one');
      fails();
    };
    for (const kind of ['plain', framework] as const) {
      await withSite(kind, changing(respond), async (site) => {
        await assert.rejects(site.ask(), { code: 'ECONNRESET' });
        assert.deepEqual(site.errors.map(String), ['Error: the handler failed']);
      });
    }
  });

  test('after the end: the session is stored, and nothing breaks', async () => {
    const respond: Respond = (_req, res) => {
      res.end('hello');
      fails();
    };
    await withSite(framework, changing(respond), async (site) => {
      // Express ends the connection of a response that it believes to be half sent.
      const status = await site.ask().then(
        (answer) => answer.status,
        () => 200,
      );
      assert.equal(status, 200);
      await waitFor('the session', () => site.gate.memory.size === 1);
      assert.deepEqual(site.errors.map(String), ['Error: the handler failed']);
    });
  });
});

describe.each(['Express 5', 'Express 4'] as const)('%s', (framework) => {
  test('refuses a second answer as ever', async () => {
    const respond: Respond = (_req, res) => {
      (res as Response).send('one');
      (res as Response).send('two');
    };
    await withSite(framework, changing(respond), async (site) => {
      await site.ask().catch(() => {});
      assert.deepEqual(site.errorCodes, ['ERR_HTTP_HEADERS_SENT']);
      await waitFor('the session', () => site.gate.memory.size === 1);
    });
  });

  test.each<[string, (res: Response) => void, number, string]>([
    ['send', (res) => res.send({ a: 1 }), 200, '{"a":1}'],
    ['json', (res) => res.status(201).json([1]), 201, '[1]'],
    ['sendStatus', (res) => res.sendStatus(404), 404, 'Not Found'],
    ['redirect', (res) => res.redirect(303, '/elsewhere'), 303, 'See Other. Redirecting to /elsewhere'],
    ['sendFile', (res) => res.sendFile(LICENSE, { cacheControl: false }), 200, 'MIT License'],
    ['download', (res) => res.download(LICENSE, 'LICENSE', { cacheControl: false }), 200, 'MIT License'],
  ])('%s waits for the session, and yields to an error', async (_name, answer, expected, start) => {
    await withSite(
      framework,
      changing((_req, res) => answer(res as Response)),
      async (site) => {
        const write = site.gate.hold();
        const answering = site.ask();
        await write.reached;
        await quiet();
        assert.equal(site.bytesSent, 0);
        write.open();
        const { status, body, cookies } = await answering;
        assert.equal(status, expected);
        assert.ok(body.toString().startsWith(start));
        assert.equal(cookies.length, 1);
        const failing = site.gate.hold();
        const refused = site.ask();
        await failing.reached;
        failing.fail();
        assert.equal((await refused).status, 503);
        assert.deepEqual(site.errorCodes, ['ERR_SESSION_STORE']);
      },
    );
  });
});
