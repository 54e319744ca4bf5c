import { afterAll, beforeAll } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { GIVEN_CLIENTS, type GivenClient } from '../../support/redis-clients.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { loginSuite } from './login-suite.ts';
import { cookieSuite } from './cookie-suite.ts';
import { requestSuite } from './request-suite.ts';
import { securitySuite } from './security-suite.ts';
import { sessionsSuite } from './sessions-suite.ts';
import { statementsSuite } from './statements-suite.ts';
import { SECRET, type MakeFactory } from './factories.ts';
import { consistencySuite } from './suite.ts';

let server: RedisServer;
/** Two clients, as two processes have; factories take them in turn. */
const clients: GivenClient[] = [];

beforeAll(async () => {
  server = await startRedis();
  for (let i = 0; i < 2; i++) clients.push(await GIVEN_CLIENTS['iovalkey']!(server.url));
});
afterAll(async () => {
  for (const given of clients) await given.close();
  await server?.stop();
});

let made = 0;
const make: MakeFactory = (options) =>
  createSessionFactory({ secret: SECRET, redis: { client: clients[made++ % 2]!.client }, ...options });
consistencySuite('iovalkey', make);
loginSuite('iovalkey', make);
sessionsSuite('iovalkey', make);
requestSuite('iovalkey', make);
securitySuite('iovalkey', make);
cookieSuite('iovalkey', make);
statementsSuite('iovalkey', make);
