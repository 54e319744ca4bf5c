import assert from 'node:assert/strict';
import { createReadStream, type ReadStream } from 'node:fs';
import { Agent, request, type IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { describe, test } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FILE, RESPONSES } from './support/responses.ts';
import { FRAMEWORKS, withSite, type Respond, type SiteSpec } from './support/site.ts';
import { deferred, quiet } from './support/store-gate.ts';

const changing = (respond: Respond): SiteSpec => ({ respond, use: (session) => session.set('a', 1) });

describe.each(FRAMEWORKS)('%s: a store that fails at the commit makes an error of status 503', (framework) => {
  const successes = Object.entries(RESPONSES).filter(([name]) => name !== 'an error status');

  test.each(successes)('of %s', async (_name, { respond, init }) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await withSite(framework, changing(respond), async (site) => {
      let connections = 0;
      site.server.on('connection', () => connections++);
      const write = site.gate.hold();
      const answering = site.ask({ ...init, agent });
      await write.reached;
      await quiet();
      assert.equal(site.bytesSent, 0);
      write.fail();
      const answer = await answering;
      assert.equal(answer.status, 503);
      assert.equal(answer.reason, 'Service Unavailable');
      assert.deepEqual(
        answer.cookies.filter((cookie) => cookie.startsWith('session=')),
        [],
      );
      for (const name of ['location', 'etag', 'trailer']) assert.equal(answer.headers[name], undefined, name);
      assert.equal(site.errorCodes[0], 'ERR_SESSION_STORE');
      assert.equal(site.gate.memory.size, 0);
      const next = await site.ask({ ...init, agent });
      assert.notEqual(next.status, 503);
      // Node's own client closes connections on which HEAD was answered without a length.
      const kept = answer.headers['connection'] === 'keep-alive' && init?.method !== 'HEAD';
      if (kept) assert.equal(connections, 1, 'the connection is as good as before');
    });
    agent.destroy();
  });
});

test.each(FRAMEWORKS)(
  '%s: an error page that the store fails for stays what it is, without a cookie',
  async (framework) => {
    await withSite(
      framework,
      changing((_req, res) => res.writeHead(500).end('sorry')),
      async (site) => {
        const write = site.gate.hold();
        const answering = site.ask();
        await write.reached;
        write.fail();
        const { status, cookies, body } = await answering;
        assert.deepEqual([status, body.toString(), cookies], [500, 'sorry', []]);
        assert.deepEqual(site.errors, []);
      },
    );
  },
);

describe.each(FRAMEWORKS)('%s: who wrote the response that is not sent', (framework) => {
  test('goes on without reaching the client, and its callbacks run', async () => {
    const results: unknown[] = [];
    let stop!: () => void;
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    const respond: Respond = async (_req, res) => {
      res.write('one ', (error) => results.push(error));
      await stopped;
      res.write('two ', (error) => results.push(error));
      res.end('three', () => results.push('end'));
    };
    await withSite(framework, changing(respond), async (site) => {
      const write = site.gate.hold();
      const answering = site.ask();
      await write.reached;
      write.fail();
      const answer = await answering;
      stop();
      await waitFor('the callbacks', () => results.length === 3);
      assert.equal(answer.status, 503);
      assert.doesNotMatch(answer.body.toString(), /one|two|three/);
      assert.deepEqual(
        results.map((error) => (error as { code?: string }).code),
        ['ERR_SESSION_STORE', 'ERR_SESSION_STORE', undefined],
      );
      assert.equal((await site.ask()).body.toString(), 'one two three');
    });
  });

  test('cannot make a success of it, even before the error is answered', async () => {
    const [failed, released] = [deferred(), deferred()];
    const respond: Respond = async (_req, res) => {
      res.writeHead(200, 'Fine', { 'content-length': 100, etag: '"1"' }).write('one ');
      await failed.promise;
      res.write('two ');
    };
    await withSite(framework, { ...changing(respond), released: released.promise }, async (site) => {
      const write = site.gate.hold();
      const asking = request({ host: '127.0.0.1', port: site.port, agent: false }).end();
      await write.reached;
      write.fail();
      await waitFor('the error', () => site.errors.length === 1);
      failed.resolve();
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      assert.equal(response.statusCode, 503);
      assert.equal(response.statusMessage, 'Service Unavailable');
      assert.deepEqual([response.headers.etag, response.headers['set-cookie']], [undefined, undefined]);
      released.resolve();
      await assert.rejects(text(response), { code: 'ECONNRESET' }, 'it does not look complete');
    });
  });

  test('with pipe is cut off at once', async () => {
    const source = new PassThrough();
    const released = deferred();
    const respond: Respond = (_req, res) => {
      source.pipe(res);
      source.write('one ');
    };
    await withSite(framework, { ...changing(respond), released: released.promise }, async (site) => {
      const write = site.gate.hold();
      const answering = site.ask();
      await write.reached;
      write.fail();
      await waitFor('the error', () => site.errors.length === 1);
      source.write('two ');
      await quiet();
      assert.equal(site.bytesSent, 0);
      released.resolve();
      assert.equal((await answering).status, 503);
    });
  });

  test.each(['pipe', 'stream.pipeline'])('with %s has its file closed', async (way) => {
    const files: ReadStream[] = [];
    let outcome: unknown;
    const respond: Respond = async (_req, res) => {
      const file = createReadStream(FILE);
      files.push(file);
      if (way === 'pipe') file.pipe(res);
      else outcome = await pipeline(file, res).catch((error: { code: string }) => error.code);
    };
    await withSite(framework, changing(respond), async (site) => {
      const write = site.gate.hold();
      const answering = site.ask();
      await write.reached;
      write.fail();
      assert.equal((await answering).status, 503);
      await waitFor('the file to be closed', () => files[0]!.closed);
      if (way === 'pipe') return;
      assert.equal(await waitFor('the pipeline to fail', () => outcome), 'ERR_STREAM_PREMATURE_CLOSE');
    });
  });
});

describe.each(FRAMEWORKS)('%s: calls that the response refuses', (framework) => {
  const refused: Readonly<Record<string, readonly [Respond, string]>> = {
    'a chunk of the wrong type': [(_req, res) => res.end(42 as unknown as string), 'ERR_INVALID_ARG_TYPE'],
    'a write of null': [(_req, res) => res.write(null), 'ERR_STREAM_NULL_VALUES'],
    'a status that is none': [(_req, res) => res.writeHead(99).end(), 'ERR_HTTP_INVALID_STATUS_CODE'],
    'a reason with a line feed': [(_req, res) => res.writeHead(200, 'a\nb').end(), 'ERR_INVALID_CHAR'],
    'a header with a line feed': [(_req, res) => res.writeHead(200, { 'x-a': 'a\nb' }).end(), 'ERR_INVALID_CHAR'],
  };

  test.each(Object.entries(refused))('%s: an error, and no crash', async (_name, [respond, code]) => {
    await withSite(framework, changing(respond), async (site) => {
      const answer = await site.ask();
      assert.equal(answer.status, 500);
      assert.equal(site.errorCodes[0], code);
    });
  });

  test('a chunk of the wrong type after the first one: the connection ends', async () => {
    const respond: Respond = (_req, res) => {
      res.write('one');
      res.write(42);
    };
    await withSite(framework, changing(respond), async (site) => {
      await assert.rejects(site.ask(), { code: 'ECONNRESET' });
      assert.deepEqual(site.errorCodes, ['ERR_INVALID_ARG_TYPE']);
    });
  });
});
