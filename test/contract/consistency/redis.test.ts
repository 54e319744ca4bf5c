import { afterAll, beforeAll } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { endsSuite } from './ends-suite.ts';
import { loginSuite } from './login-suite.ts';
import { cookieSuite } from './cookie-suite.ts';
import { dataSuite } from './data-suite.ts';
import { requestSuite } from './request-suite.ts';
import { securitySuite } from './security-suite.ts';
import { sessionsSuite } from './sessions-suite.ts';
import { statementsSuite } from './statements-suite.ts';
import { SECRET, type MakeFactory } from './factories.ts';
import { consistencySuite } from './suite.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

for (const library of ['redis', 'ioredis'] as const) {
  // Each factory has a connection of its own, as each process has.
  const make: MakeFactory = (options) =>
    createSessionFactory({ secret: SECRET, redis: { url: server.url, library, socketTimeout: 30 }, ...options });
  consistencySuite(`Redis, ${library}`, make);
  loginSuite(`Redis, ${library}`, make);
  sessionsSuite(`Redis, ${library}`, make);
  requestSuite(`Redis, ${library}`, make);
  securitySuite(`Redis, ${library}`, make);
  cookieSuite(`Redis, ${library}`, make);
  statementsSuite(`Redis, ${library}`, make);
  endsSuite(`Redis, ${library}`, make);
  dataSuite(`Redis, ${library}`, make);
}
