// Run in an empty folder that holds the package, Express and a Redis client: a session across two requests.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import express from 'express';
import { createClient } from 'redis';
import { createSessionFactory } from 'websauna-session';
import { sessions } from 'websauna-session/express';
import * as redisStore from 'websauna-session/redis';

assert.ok(Object.keys(redisStore).length > 0);
assert.equal(typeof createClient, 'function');

const app = express();
app.use(sessions(createSessionFactory({ secret: 'a secret of thirty-two bytes or more' })));
app.get('/', (request, response) => {
  const views = (request.session.get('views') ?? 0) + 1;
  request.session.set('views', views);
  response.json(views);
});

const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}/`;
const first = await fetch(url);
assert.equal(await first.json(), 1);
const [cookie] = first.headers.getSetCookie().map((line) => line.split(';')[0]);
assert.equal(await (await fetch(url, { headers: { cookie } })).json(), 2);
server.closeAllConnections();
server.close();
