import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AskInit } from './client.ts';
import type { Respond } from './site.ts';
import { quiet } from './store-gate.ts';

/** Larger than what a socket takes at once. */
export const FILE: URL = new URL('../../../package-lock.json', import.meta.url);
const piecesOf = (count: number): Readable =>
  Readable.from(Array.from({ length: count }, (_, i) => Buffer.alloc(32_768, i % 251)));

/** The ways in which Node's users send responses. */
export const RESPONSES: Readonly<Record<string, { respond: Respond; init?: AskInit }>> = {
  'end()': { respond: (_req, res) => res.end() },
  'end(text)': { respond: (_req, res) => res.end('hello') },
  'end(buffer)': { respond: (_req, res) => res.end(Buffer.from([0, 255, 10, 13])) },
  'end(text, encoding, callback)': {
    respond: (_req, res) => new Promise<void>((done) => res.end('é', 'latin1', done)),
  },
  'end(callback)': { respond: (_req, res) => new Promise<void>((done) => res.end(done)) },
  'write, then end': {
    respond(_req, res) {
      res.write('one ');
      res.write(Buffer.from('two '));
      res.end('three');
    },
  },
  'write with callbacks, each waiting for the one before': {
    async respond(_req, res) {
      for (const text of ['one ', 'two ', 'three']) {
        await new Promise<void>((resolve, reject) => res.write(text, (error) => (error ? reject(error) : resolve())));
      }
      res.end();
    },
  },
  'statusCode, statusMessage and setHeader': {
    respond(_req, res) {
      res.statusCode = 207;
      res.statusMessage = 'Several Things';
      res.setHeader('X-One', ['1', 'one']).setHeader('Content-Length', 5);
      res.end('hello');
    },
  },
  'writeHead with a status alone': { respond: (_req, res) => res.writeHead(202).end() },
  'writeHead with an object': {
    respond: (_req, res) => res.writeHead(201, { 'X-A': 'a', 'Set-Cookie': ['a=1', 'b=2'] }).end('made'),
  },
  'writeHead with a reason': { respond: (_req, res) => res.writeHead(200, 'Fine', { 'X-A': 'a' }).end('hello') },
  'writeHead with a flat list': {
    respond: (_req, res) => res.writeHead(200, ['X-A', 'a', 'X-B', 'b', 'X-A', 'c']).end('hello'),
  },
  'writeHead with a list of pairs': {
    respond: (_req, res) =>
      res
        .writeHead(200, [
          ['X-A', 'a'],
          ['X-B', 'b'],
        ] as unknown as string[])
        .end('hello'),
  },
  'writeHead over setHeader': {
    respond: (_req, res) =>
      res.setHeader('X-A', 'before').writeHead(200, { 'x-a': 'after', 'Content-Length': 2 }).end('ok'),
  },
  'writeHead, write, end': {
    respond(_req, res) {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      res.write('data: 1\n\n');
      res.end('data: 2\n\n');
    },
  },
  flushHeaders: {
    respond(_req, res) {
      res.setHeader('X-A', 'a');
      res.flushHeaders();
      res.end('later');
    },
  },
  'cork and uncork': {
    respond(_req, res) {
      res.cork();
      res.write('one ');
      res.write('two');
      res.uncork();
      res.end();
    },
  },
  trailers: {
    respond(_req, res) {
      res.writeHead(200, { Trailer: 'X-Sum' });
      res.write('hello');
      res.addTrailers({ 'X-Sum': '42' });
      res.end();
    },
  },
  'a file, piped': { respond: (_req, res) => void createReadStream(FILE).pipe(res) },
  'a file by stream.pipeline': { respond: (_req, res) => pipeline(createReadStream(FILE), res) },
  'a generator by stream.pipeline': {
    respond: (_req, res) =>
      pipeline(async function* () {
        yield 'one ';
        await quiet();
        yield 'two';
      }, res),
  },
  'megabytes, piped': { respond: (_req, res) => void piecesOf(200).pipe(res) },
  'megabytes, written until `write` returns false': { respond: (_req, res) => writeUntilFull(res, 200) },
  HEAD: { respond: (_req, res) => res.writeHead(200, { 'Content-Length': 5 }).end('hello'), init: { method: 'HEAD' } },
  'HEAD of a piped file': { respond: (_req, res) => void createReadStream(FILE).pipe(res), init: { method: 'HEAD' } },
  204: { respond: (_req, res) => res.writeHead(204).end() },
  304: { respond: (_req, res) => res.writeHead(304, { ETag: '"1"' }).end() },
  'a redirect': {
    respond: (_req, res) => res.writeHead(303, { Location: '/elsewhere' }).end(),
    init: { method: 'POST' },
  },
  'an error status': { respond: (_req, res) => res.writeHead(500).end('no') },
  'an echo of the request': { respond: (req, res) => void req.pipe(res), init: { method: 'POST', body: 'hello' } },
};

async function writeUntilFull(res: ServerResponse, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    if (!res.write(Buffer.alloc(32_768, i % 251))) await new Promise<void>((resolve) => res.once('drain', resolve));
  }
  res.end();
}
