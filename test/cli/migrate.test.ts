import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { objects, run } from './run.ts';

const FACTORY = new URL('fixtures/migrating-factory.mjs', import.meta.url).pathname;
const COUNTS = { known: 0, expiring: 0, unreadable: 0, failed: 0 };

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
  process.env['TEST_REDIS_URL'] = server.url;
  process.env['TEST_NAME'] = 'cli';
});
afterAll(async () => {
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
