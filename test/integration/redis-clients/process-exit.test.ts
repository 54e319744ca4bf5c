import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RedisOptions } from '../../../src/stores/redis/options.ts';
import { hasExited, Output, terminate } from '../../support/child.ts';
import { guard } from '../../support/guard.mjs';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait-for.ts';

const program = fileURLToPath(new URL('fixtures/one-command.mjs', import.meta.url));

let server: RedisServer;
let child: ChildProcess;
beforeEach(async () => {
  server = await startRedis();
  await server.kill();
});
afterEach(async () => {
  await terminate(child, 'SIGKILL');
  await server.stop();
});

function run(redis: RedisOptions): Output {
  const REDIS = JSON.stringify({ host: server.host, port: server.port, ...redis });
  child = spawn(process.execPath, [program], { env: { ...process.env, REDIS }, stdio: ['ignore', 'pipe', 'pipe'] });
  guard(child);
  return new Output(child);
}

describe.each<[string, RedisOptions]>([
  ['node-redis', { library: 'redis' }],
  ['a pool of node-redis', { library: 'redis', pool: {} }],
  ['ioredis', { library: 'ioredis' }],
])('a process with %s', (_, redis) => {
  test('exits after its work while Redis cannot be reached', async () => {
    const output = run({ socketTimeout: 1, ...redis });
    await output.match(/^failed ERR_SESSION_STORE_UNAVAILABLE$/m);
    await waitFor('the exit', () => hasExited(child));
    expect(child.exitCode).toBe(0);
  });

  test('does not exit while a command waits for the first connection', async () => {
    const output = run({ socketTimeout: 15, ...redis });
    await output.match(/^asks$/m);
    await server.start();
    await output.match(/^answer \[\]$/m);
    await waitFor('the exit', () => hasExited(child));
    expect(child.exitCode).toBe(0);
  });
});
