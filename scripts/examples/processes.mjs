// What the examples run on: servers that are started on free ports, and a Redis.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { programs } from '../programs.mjs';

export const HOST = '127.0.0.1';

export async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs a program until `stop()`, and waits until `isUp()` resolves to true. */
export async function start(command, args, options, isUp) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...options });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const ended = once(child, 'exit');
  const stop = async () => {
    // npm's child, too.
    if (child.exitCode === null) process.kill(-Number(child.pid));
    await ended;
  };
  const deadline = Date.now() + 120_000;
  while (!(await isUp().catch(() => false))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`${command} ${args.join(' ')} did not start:\n${output}`);
    }
    await delay(50);
  }
  return { output: () => output, stop };
}

export async function startRedis(folder) {
  const port = await freePort();
  const url = `redis://${HOST}:${port}`;
  const client = createClient({ url, socket: { reconnectStrategy: 50 } }).on('error', () => {});
  const flags = ['--port', String(port), '--bind', HOST, '--save', '', '--dir', folder];
  const connecting = client.connect();
  const isUp = async () => client.isReady && (await client.ping()) === 'PONG';
  const server = await start(programs.redisServer(), flags, {}, isUp);
  await connecting;
  return {
    url,
    async countSessions() {
      const keys = await client.keys('session:*');
      const types = await Promise.all(keys.map((key) => client.type(key)));
      return types.filter((type) => type === 'hash').length;
    },
    /** Returns how many connections there are besides this one. */
    async countConnections() {
      const list = await client.sendCommand(['CLIENT', 'LIST']);
      return list.trim().split('\n').length - 1;
    },
    async stop() {
      client.destroy();
      await server.stop();
    },
  };
}
