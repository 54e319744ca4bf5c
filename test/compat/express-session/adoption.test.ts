import { afterAll, beforeAll } from 'vitest';
import session from 'websauna-session/express-session';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { adoptionSuite } from './adoption-suite.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

adoptionSuite('memory', () => session.createStore());
adoptionSuite('Redis', () =>
  session.createStore({ redis: { url: server.url, prefix: 'adoption:', socketTimeout: 30 } }),
);
