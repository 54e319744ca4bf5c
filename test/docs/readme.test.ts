import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeBlocks } from '../../scripts/markdown.mjs';
import { Output, terminate } from '../support/child.ts';
import { guard } from '../support/guard.mjs';
import { freePort, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { Curl, exchangesIn, type Exchanged } from './console.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const blocks = codeBlocks(readFileSync(join(root, 'README.md'), 'utf8'));
const program = blocks.find(({ language }) => language === 'js')!.code;
const exchanges = exchangesIn(blocks.find(({ language }) => language === 'console')!.code);

/** What Express and Node send with every response; the README says that it leaves them out. */
const LEFT_OUT = ['connection', 'content-length', 'content-type', 'date', 'etag', 'keep-alive', 'x-powered-by'];

/** A folder in which the program finds the packages that the README says to install, and nothing else of ours. */
let folder: string;

beforeAll(() => {
  assert.ok(existsSync(join(root, 'dist/index.js')), 'There is no dist/: run `npm run build` first.');
  folder = mkdtempSync(join(tmpdir(), 'readme-'));
  writeFileSync(join(folder, 'server.mjs'), program);
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/websauna-session'));
  for (const name of ['express', 'redis'])
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(env: Record<string, string | undefined>): Promise<{ child: ChildProcess; origin: string }> {
  const port = await freePort();
  const child = spawn(process.execPath, ['server.mjs'], {
    cwd: folder,
    env: { ...process.env, SESSION_SECRET: undefined, REDIS_URL: undefined, ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  guard(child);
  const output = new Output(child);
  const origin = `http://127.0.0.1:${port}`;
  // On a busy machine the first connection to Redis can take longer than a request waits for it.
  await waitFor('the program of the README to answer', async () => {
    assert.equal(child.exitCode, null, output.text);
    return (await fetch(origin)).ok;
  });
  return { child, origin };
}

async function replay(env: Record<string, string | undefined>): Promise<Exchanged[]> {
  const { child, origin } = await start(env);
  try {
    const curl = new Curl(origin, LEFT_OUT);
    const replayed = [];
    for (const { commands } of exchanges) replayed.push(await curl.run(commands));
    return replayed;
  } finally {
    await terminate(child, 'SIGTERM');
  }
}

describe('README.md', () => {
  test('shows a login, a logout, and that the old cookie opens nothing then', () => {
    const paths = exchanges.map(({ commands }) =>
      commands
        .at(-1)!
        .split(' ')
        .at(-1)!
        .replace(/^[^/]*/, ''),
    );
    expect(paths).toEqual(['/', '/login', '/', '/logout', '/']);
    expect(exchanges.at(-1)!.commands.at(-1)).toContain('-b copy');
  });

  test('its first program refuses a request that brings no CSRF token', async () => {
    const { child, origin } = await start({});
    try {
      expect((await fetch(`${origin}/login`, { method: 'POST', redirect: 'manual' })).status).toBe(403);
    } finally {
      await terminate(child, 'SIGTERM');
    }
  });

  test('its first program answers as its exchange says, without Redis', async () => {
    expect(await replay({})).toEqual(exchanges);
  });

  test('its first program answers as its exchange says, with Redis', async () => {
    const redis = await startRedis();
    try {
      expect(await replay({ REDIS_URL: redis.url })).toEqual(exchanges);
      expect(await redis.cli('DBSIZE')).not.toBe(0);
    } finally {
      await redis.stop();
    }
  });
});
