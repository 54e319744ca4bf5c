import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { codeBlocks } from '../../scripts/markdown.mjs';
import { hasExited, Output, terminate } from '../support/child.ts';
import { guard } from '../support/guard.mjs';
import { freePort, startRedis, type RedisServer } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const demo = join(root, 'demo/build/server.js');

let redis: RedisServer;
let folder: string;
let child: ChildProcess;
const sockets: Socket[] = [];

beforeAll(async () => {
  assert.ok(existsSync(join(root, 'dist/index.js')), 'There is no dist/: run `npm run build` first.');
  assert.ok(existsSync(demo), 'There is no demo/build/: run `npm run build:demo` first.');
  redis = await startRedis();
  folder = mkdtempSync(join(tmpdir(), 'shutdown-'));
  writeFileSync(join(folder, 'server.mjs'), documentedProgram());
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/websauna-session'));
  for (const name of ['express', 'redis']) {
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await terminate(child, 'SIGKILL');
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await redis?.stop();
});

/** The program of docs/deployment.md, as JavaScript, with the port and the Redis of this test. */
function documentedProgram(): string {
  const text = readFileSync(join(root, 'docs/deployment.md'), 'utf8');
  const program = codeBlocks(text).find(({ code }) => code.includes('SIGTERM'))!.code;
  return [
    ['SESSION_SECRET!', 'SESSION_SECRET'],
    ['listen(3000)', 'listen(Number(process.env.PORT))'],
    ["host: 'localhost'", 'url: process.env.REDIS_URL'],
  ].reduce((code, [from, to]) => {
    assert.ok(code.includes(from!), `The program has no ${from}`);
    return code.replace(from!, to!);
  }, program);
}

/** Opens a connection that is never idle: each request is sent with the beginning of the next one. */
async function busyConnection(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  const start = 'GET /favicon.ico HTTP/1.1\r\nHost: localhost\r\n';
  let answers = 0;
  socket.on('error', () => {});
  socket.on('data', () => (answers += 1));
  socket.write(start);
  const asking = setInterval(() => socket.write(`\r\n${start}`), 5);
  socket.on('close', () => clearInterval(asking));
  await waitFor('answers', () => answers > 10);
}

/** A connection whose request never ends. */
async function hangingConnection(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.write('GET / HTTP/1.1\r\nHost: ', () => resolve()));
}

test.each([
  ['docs/deployment.md', () => join(folder, 'server.mjs')],
  ['the demo', () => demo],
])('a server as in %s ends although connections stay busy', async (_, program) => {
  const port = await freePort();
  child = spawn(process.execPath, [program()], {
    cwd: folder,
    env: { ...process.env, SESSION_SECRET: 'x'.repeat(32), REDIS_URL: redis.url, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  guard(child);
  const output = new Output(child);
  await waitFor('the server to answer', async () => {
    assert.equal(child.exitCode, null, output.text);
    return (await fetch(`http://127.0.0.1:${port}/`)).status > 0;
  });
  await busyConnection(port);
  await hangingConnection(port);
  child.kill('SIGTERM');
  await waitFor('the exit', () => hasExited(child), 15_000);
  expect([child.exitCode, child.signalCode]).toEqual([0, null]);
});
