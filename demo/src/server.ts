import { randomBytes } from 'node:crypto';
import { createApp } from './app.ts';
import { Arena } from './compare/arena.ts';
import { createSessions } from './sessions.ts';
import { MemoryUsers } from './users.ts';

const port = Number(process.env['PORT'] || 3000);
const redisUrl = process.env['REDIS_URL'] || undefined;
// With a secret of its own, a restart ends all sessions; of several processes, all need the same.
const secret = process.env['SESSION_SECRET'] || randomBytes(32).toString('base64url');

const users = new MemoryUsers();
const sessions = createSessions(
  users,
  redisUrl === undefined ? { secret } : { secret, redis: { url: redisUrl, publishEnds: true } },
);
sessions.on('circuitOpen', () => console.error('The session store is down.'));
sessions.on('circuitClosed', () => console.error('The session store is back.'));

const arena = new Arena(redisUrl);
const server = createApp(sessions, users, arena).listen(port, (error) => {
  if (error !== undefined) throw error;
  const address = server.address();
  const at = typeof address === 'object' && address !== null ? address.port : port;
  console.log(`Demo on http://localhost:${at}, sessions in ${redisUrl === undefined ? 'memory' : 'Redis (REDIS_URL)'}`);
});

/** Milliseconds that requests under way may take when the process is stopped. */
const STOP_TIMEOUT_MS = 5_000;

function stop(): void {
  arena.gates.openAll();
  server.close(() => {
    arena.close();
    void sessions.close();
  });
  server.closeIdleConnections();
  // A client that keeps a connection busy would keep the process running.
  setTimeout(() => server.closeAllConnections(), STOP_TIMEOUT_MS).unref();
}
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
