import assert from 'node:assert/strict';
import { createReadStream, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import compression from 'compression';
import { describe, test } from 'vitest';
import type { WebsaunaSession } from 'websauna-session';
import { FRAMEWORKS, withSite, type Middleware, type Respond, type SiteSpec } from './support/site.ts';
import { quiet } from './support/store-gate.ts';

const FILE = new URL('../../package-lock.json', import.meta.url);
const TEXT = 'compressible '.repeat(500);
const LINES = Array.from({ length: 3000 }, (_, i) => `line ${i} of a long page, written piece by piece\n`);
const BLOCKS = Array.from({ length: 100 }, (_, i) => Buffer.alloc(65_536, i));

async function writeWithBackpressure(res: ServerResponse, pieces: readonly (string | Buffer)[]): Promise<void> {
  let goOn: (() => void) | undefined;
  res.on('drain', () => goOn?.());
  for (const piece of pieces) {
    if (!res.write(piece)) await new Promise<void>((resolve) => (goOn = resolve));
  }
  res.end();
}

const BODIES: Readonly<Record<string, { respond: Respond; expected: Buffer }>> = {
  'end(text)': { respond: (_req, res) => res.end(TEXT), expected: Buffer.from(TEXT) },
  'write, then end': {
    respond(_req, res) {
      res.write(TEXT);
      res.end(TEXT);
    },
    expected: Buffer.from(TEXT + TEXT),
  },
  'writeHead, then end': {
    respond: (_req, res) => res.writeHead(200, { 'Content-Length': TEXT.length }).end(TEXT),
    expected: Buffer.from(TEXT),
  },
  'one small write, then nothing for a while': {
    async respond(_req, res) {
      res.write('first ');
      await quiet();
      await quiet();
      res.end(TEXT);
    },
    expected: Buffer.from(`first ${TEXT}`),
  },
  'many writes that wait for `drain`': {
    respond: (_req, res) => writeWithBackpressure(res, LINES),
    expected: Buffer.from(LINES.join('')),
  },
  'megabytes that wait for `drain`': {
    respond: (_req, res) => writeWithBackpressure(res, BLOCKS),
    expected: Buffer.concat(BLOCKS),
  },
  'a file, piped': { respond: (_req, res) => void createReadStream(FILE).pipe(res), expected: readFileSync(FILE) },
  'small pieces, piped': {
    respond: (_req, res) => void Readable.from(LINES).pipe(res),
    expected: Buffer.from(LINES.join('')),
  },
  'megabytes by stream.pipeline': {
    respond: (_req, res) => pipeline(Readable.from(BLOCKS), res),
    expected: Buffer.concat(BLOCKS),
  },
};

const compress = compression({ filter: () => true }) as unknown as Middleware;
const use = (session: WebsaunaSession): unknown => session.set('a', 1);

/** The order of wrapping: what stands in front of the sessions is below them, as it has taken the response first. */
const ORDERS: Readonly<Record<string, Omit<SiteSpec, 'respond'>>> = {
  'compression in front of the sessions': { front: [compress], use },
  'compression behind the sessions': { behind: [compress], use },
};

const cases = FRAMEWORKS.flatMap((framework) =>
  Object.entries(ORDERS).map(([order, spec]) => ({ framework, order, spec })),
);

describe.each(cases)('$framework, $order', ({ framework, spec }) => {
  test.each(Object.entries(BODIES))(
    '%s: complete, compressed, and not before the session is stored',
    async (_name, { respond, expected }) => {
      await withSite(framework, { ...spec, respond }, async (site) => {
        const write = site.gate.hold();
        const answering = site.ask({ headers: { 'accept-encoding': 'gzip' } });
        await write.reached;
        await quiet();
        assert.equal(site.bytesSent, 0);
        write.open();
        const { status, headers, cookies, body } = await answering;
        assert.equal(status, 200);
        assert.equal(headers['content-encoding'], 'gzip');
        assert.equal(headers['content-length'], undefined);
        assert.deepEqual(headers['vary']?.split(', ').toSorted(), ['Accept-Encoding', 'Cookie']);
        assert.equal(cookies.length, 1);
        assert.ok(gunzipSync(body).equals(expected));
      });
    },
  );

  test.each(Object.entries(BODIES))('%s: a store that fails makes a readable error', async (_name, { respond }) => {
    await withSite(framework, { ...spec, respond }, async (site) => {
      const write = site.gate.hold();
      const answering = site.ask({ headers: { 'accept-encoding': 'gzip' } });
      await write.reached;
      write.fail();
      const { status, headers, cookies, body } = await answering;
      assert.equal(status, 503);
      assert.deepEqual(cookies, []);
      const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
      assert.match(text, /failed/);
      assert.doesNotMatch(text, /compressible|line \d/);
      assert.equal(site.errorCodes[0], 'ERR_SESSION_STORE');
      assert.equal(site.gate.memory.size, 0);
    });
  });
});
