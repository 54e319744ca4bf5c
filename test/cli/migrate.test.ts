import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { guard } from '../support/guard.mjs';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { objects, run } from './run.ts';

const FACTORY = new URL('fixtures/migrating-factory.mjs', import.meta.url).pathname;
const COUNTS = { known: 0, expiring: 0, unreadable: 0, failed: 0 };

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
  vi.stubEnv('TEST_REDIS_URL', server.url);
  vi.stubEnv('TEST_NAME', 'cli');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.stop();
});

it('converts what is left, with a dry run before and again', async () => {
  for (let n = 0; n < 30; n++) await server.cli('SET', `cli-sess:${n}`, `{"n":${n}}`, 'EX', '1000');
  const args = ['migrate', '--factory', FACTORY, '--json'];
  const dry = await run([...args, '--dry-run']);
  const nothing = { interrupted: false, errors: {}, ...COUNTS };
  expect(dry).toMatchObject({ code: 0, stderr: '' });
  expect(objects(dry.stdout)).toEqual([{ dryRun: true, found: 30, converted: 30, ...nothing }]);
  expect(objects((await run(args)).stdout)).toEqual([{ dryRun: false, found: 30, converted: 30, ...nothing }]);
  expect(objects((await run(args)).stdout)).toEqual([{ dryRun: false, found: 0, converted: 0, ...nothing }]);
});

it('shows a table to people, and exits with 1 when a session could not be converted', async () => {
  await server.cli('SET', 'cli-sess:x', `{"big":"${'x'.repeat(2000)}"}`, 'EX', '1000');
  const shown = await run(['migrate', '--factory', FACTORY, '--concurrency', '2'], { tty: true });
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(/converted +1$/m);
  await server.cli('SET', 'cli-sess:y', '{"n":1}', 'EX', '1000');
  // What has to be written finds no room.
  await server.cli('CONFIG', 'SET', 'maxmemory', '1');
  const failed = await run(['migrate', '--factory', FACTORY]);
  await server.cli('CONFIG', 'SET', 'maxmemory', '0');
  expect(failed.code).toBe(1);
  expect(failed.stdout).toMatch(/failed +1$/m);
  expect(failed.stderr).toMatch(/^1 x Redis refused/m);
  expect((await run(['migrate', '--factory', FACTORY])).stdout).toMatch(/converted +1$/m);
});

it('exits with 2 for a factory without a migration, and for a wrong number', async () => {
  const memory = new URL('fixtures/memory-factory.mjs', import.meta.url).pathname;
  const without = await run(['migrate', '--factory', memory]);
  expect(without).toMatchObject({ code: 2, stdout: '' });
  expect(without.stderr).toContain('`migrateFrom`');
  expect((await run(['migrate', '--factory', FACTORY, '--concurrency', 'x'])).code).toBe(2);
});

describe('when it is interrupted', () => {
  const MANY = 4000;
  const args = ['migrate', '--factory', FACTORY, '--concurrency', '1'];

  /** Stores so many sessions of express-session that they take more than one step. */
  async function storeMany(): Promise<void> {
    await server.cli('FLUSHALL');
    const script = `for n = 1, ${MANY} do redis.call('SET', 'cli-sess:' .. n, '{"n":1}', 'EX', '1000') end`;
    await server.cli('EVAL', script, '0');
  }

  async function convertRest(already: number): Promise<void> {
    expect(objects((await run([...args, '--json'])).stdout)).toMatchObject([
      { interrupted: false, found: MANY - already, converted: MANY - already, failed: 0 },
    ]);
  }

  it('stops after what is under way, and the next run goes on', async () => {
    await storeMany();
    let interrupt!: () => void;
    const interrupted = new Promise<void>((resolve) => {
      interrupt = resolve;
    });
    const onOutput = (output: string): void => {
      if (output.includes('found,')) interrupt();
    };
    const { code, stdout, stderr } = await run(args, { tty: true, interrupted, onOutput });
    expect(code).toBe(1);
    expect(stderr).toContain('Interrupted. Run it again to go on.');
    const converted = Number(/^converted +(\d+)$/m.exec(stdout)?.[1]);
    expect(converted).toBeGreaterThan(0);
    expect(converted).toBeLessThan(MANY);
    await convertRest(converted);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('a process that gets %s says how far it came', async (signal) => {
    const program = fileURLToPath(new URL('../../dist/cli/bin.js', import.meta.url));
    if (!existsSync(program)) throw new Error('The process runs the built package: run `npm run build` first.');
    await storeMany();
    const child = spawn(process.execPath, [program, ...args, '--json'], { stdio: ['ignore', 'pipe', 'ignore'] });
    guard(child);
    const [reading, exited] = [text(child.stdout), once(child, 'exit')];
    await waitFor('a converted session', isConverting);
    child.kill(signal);
    expect(await exited).toEqual([1, null]);
    const [{ interrupted, converted } = {}] = objects(await reading);
    expect(interrupted).toBe(true);
    expect(converted).toBeGreaterThan(0);
    await convertRest(Number(converted));
  });

  async function isConverting(): Promise<boolean> {
    const [, keys] = (await server.cli('SCAN', '0', 'MATCH', 'cli-session:*', 'COUNT', '100000')) as [string, string[]];
    return keys.length > 0;
  }
});
