// One server of one kind, in a process of its own. Reports its CPU time when asked.
import { once } from 'node:events';

const [framework, kind, redisUrl] = process.argv.slice(2);
const { start } = await import(`./apps/${framework}.mjs`);
const server = await start(kind, redisUrl);
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('message', (question) => {
  if (question === 'cpu') process.send({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() });
});
// A signal ends the process in a way that writes a CPU profile, when one is taken.
process.once('SIGINT', () => process.exit());
process.send({ port: server.address().port });
