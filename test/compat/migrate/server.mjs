// One server of a rolling migration, in a process of its own: node server.mjs <redis url> <name> <kind> [owner]
import { once } from 'node:events';
import { RedisStore } from 'connect-redis';
import express from 'express';
import original from 'express-session';
import { createClient } from 'redis';
import session from 'websauna-session/express-session';
import { connectRedis } from 'websauna-session/migrate';

const [url, name, kind, hasOwner] = process.argv.slice(2);
const client = createClient({ url });
client.on('error', () => {});
await client.connect();

const shared = { secret: 'keyboard cat', resave: false, saveUninitialized: false };
const prefix = `${name}-sess:`;
const redis = { client, prefix: `${name}-session:` };
const owner = hasOwner === 'owner' ? { owner: ({ passport }) => passport?.user } : {};

function middleware() {
  if (kind === 'old') return original({ ...shared, store: new RedisStore({ client, prefix }) });
  if (kind === 'final') return session({ ...shared, redis, ...owner });
  return session({ ...shared, redis, ...owner, migrateFrom: connectRedis({ client, prefix, phase: kind }) });
}

const app = express();
app.use(middleware());
app.get('/login/:user', (req, res, next) => {
  req.session.regenerate((error) => {
    if (error) return next(error);
    req.session.passport = { user: req.params.user };
    req.session.save((failure) => (failure ? next(failure) : res.send(req.params.user)));
  });
});
app.get('/write/:n', (req, res) => {
  const user = req.session.passport?.user ?? 'nobody';
  if (user !== 'nobody') req.session[`f${req.params.n}`] = 1;
  res.send(user);
});
app.get('/show', (req, res) => {
  const { cookie: _, ...fields } = req.session;
  res.json(fields);
});
app.get('/logout', (req, res, next) => {
  req.session.destroy((error) => (error ? next(error) : res.send('bye')));
});

const server = app.listen(0, '127.0.0.1');
// A connection that is closed while a request is sent over it would look like a fault.
server.keepAliveTimeout = 0;
await once(server, 'listening');
console.log(`listening on ${server.address().port}`);
process.once('SIGTERM', () => process.exit(0));
