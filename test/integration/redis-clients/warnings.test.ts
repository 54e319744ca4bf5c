import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ManagedConnection } from '../../../src/stores/redis/connection/managed-connection.ts';
import { freePort } from '../../support/redis-server.ts';
import { connectWith, libraries } from './own.ts';

const warnings: Error[] = [];
const note = (warning: Error): void => void warnings.push(warning);
const open: ManagedConnection[] = [];

beforeAll(() => {
  process.on('warning', note);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
  warnings.length = 0;
});
afterAll(() => {
  process.off('warning', note);
});

/** Opens connections to a port on which nothing listens, and waits until warnings would have been emitted. */
async function connect(count: number, port: number): Promise<void> {
  for (let i = 0; i < count; i += 1)
    open.push(connectWith(libraries[i % libraries.length]!, { host: '127.0.0.1', port }));
  await new Promise((resolve) => setImmediate(resolve));
}

test('a process that opens more than ten connections to one address is warned, once', async () => {
  const [port, other] = [await freePort(), await freePort()];
  for (let i = 0; i < 30; i += 1) {
    await connect(1, port);
    await open.pop()!.close();
  }
  await connect(10, port);
  await connect(10, other);
  expect(warnings).toEqual([]);
  await connect(1, port);
  expect(warnings).toMatchObject([
    {
      name: 'SessionWarning',
      code: 'WEBSAUNA_SESSION_CONNECTIONS',
      message: expect.stringMatching(
        new RegExp(
          `^This process has opened 11 connections for sessions to Redis at 127.0.0.1:${port}. Make one session factory`,
        ),
      ),
    },
  ]);
  await connect(20, port);
  expect(warnings).toHaveLength(1);
});

test('a factory without a client library says so when it is made, by a warning and an event', () => {
  const program = fileURLToPath(new URL('fixtures/no-client.mjs', import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [program], { encoding: 'utf8', timeout: 20_000 });
  expect(stderr).toContain(
    '[WEBSAUNA_SESSION_CONNECT] SessionWarning: Sessions cannot be stored. There is no Redis client: install `redis`',
  );
  expect(stdout.split('\n').filter(Boolean)).toEqual([
    'made',
    'storeError connect ERR_SESSION_CLIENT_MISSING',
    'refused ERR_SESSION_CLIENT_MISSING at once',
  ]);
  expect(status).toBe(0);
});
