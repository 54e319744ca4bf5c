import { afterAll, beforeAll } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { SECRET } from '../../contract/consistency/factories.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { auditSuite } from './audit-suite.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

auditSuite((options) =>
  createSessionFactory({ secret: SECRET, redis: { url: server.url, socketTimeout: 20 }, ...options }),
);
