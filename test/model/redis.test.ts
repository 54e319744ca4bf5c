import { afterAll, beforeAll } from 'vitest';
import { GIVEN_CLIENTS } from '../support/redis-clients.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { RedisEnvironment } from './redis-environment.ts';
import { modelSuite } from './suite.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** Two workers as different as they can be, which share sessions all the same. */
async function open(): Promise<RedisEnvironment> {
  const [nodeRedis, ioredis] = [GIVEN_CLIENTS['node-redis 6']!, GIVEN_CLIENTS['ioredis 6']!];
  const clients = await Promise.all([nodeRedis(server.url), ioredis(server.url), nodeRedis(server.url)]);
  return new RedisEnvironment('redis', clients);
}

modelSuite('redis', open, { runs: 1500, pairs: false });
