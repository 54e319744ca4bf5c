// Redis servers, and their statistics.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { nodeRedis } from '../lib/clients.mjs';
import { startRedis } from '../lib/child.mjs';

/** A server with a connection for questions, whose own cost is left out where it matters. */
export async function openServer(args = []) {
  const { url, port, stop } = await startRedis(['--enable-debug-command', 'local', ...args]);
  const client = await nodeRedis(url);
  return {
    url,
    port,
    client,
    async stop() {
      client.destroy();
      await stop();
    },
  };
}

function numberIn(info, name) {
  return Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
}

/** Bytes in use, as INFO says. */
export async function memoryOf({ client }) {
  return numberIn(await client.info('memory'), 'used_memory');
}

/**
 * Waits until the server's tables of keys have their size. While one grows, every command that looks up a key moves
 * others besides, and both tables take memory.
 */
export async function settled({ client }) {
  // It works on the tables a millisecond at a time, so often in a second.
  await client.configSet('hz', '500');
  while (String(await client.sendCommand(['DEBUG', 'HTSTATS', '0'])).includes('rehashing target')) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  await client.configSet('hz', '10');
}

async function cpuOf({ client }) {
  const info = await client.info('cpu');
  return (numberIn(info, 'used_cpu_user') + numberIn(info, 'used_cpu_sys')) * 1e6;
}

/** How often each command has run so far, and the microseconds of its work without that of the connection. */
async function statsOf({ client }) {
  const stats = new Map();
  const lines = (await client.info('commandstats')).matchAll(/^cmdstat_(\S+?):calls=(\d+),usec=(\d+)/gm);
  for (const [, name, calls, usec] of lines) stats.set(name, { calls: Number(calls), usec: Number(usec) });
  return stats;
}

function difference(after, before) {
  const stats = new Map();
  for (const [name, { calls, usec }] of after) {
    const { calls: earlier, usec: spent } = before.get(name) ?? { calls: 0, usec: 0 };
    if (calls > earlier && name !== 'info') stats.set(name, { calls: calls - earlier, usec: usec - spent });
  }
  return stats;
}

/** What servers did meanwhile: each one's CPU microseconds, and its commands. The questions are left out. */
export async function during(servers, act) {
  const list = [servers].flat();
  const before = await Promise.all(list.map(statsOf));
  const begun = await Promise.all(list.map(cpuOf));
  const result = await act();
  const ended = await Promise.all(list.map(cpuOf));
  const after = await Promise.all(list.map(statsOf));
  return {
    result,
    cpus: ended.map((cpu, at) => cpu - begun[at]),
    stats: after.map((stats, at) => difference(stats, before[at])),
  };
}

/** A Cluster of masters alone. */
export async function openCluster(masters, more = []) {
  const args = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', ...more];
  const servers = await Promise.all(Array.from({ length: masters }, () => openServer(args)));
  const share = 16_384 / masters;
  // All before they meet: afterwards a node chooses its epoch by itself.
  for (const [i, { client }] of servers.entries()) {
    await client.sendCommand(['CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1)]);
    const range = [Math.floor(i * share), Math.floor((i + 1) * share) - 1].map(String);
    await client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', ...range]);
  }
  for (const { port } of servers) await servers[0].client.sendCommand(['CLUSTER', 'MEET', '127.0.0.1', String(port)]);
  const isWhole = async ({ client }) => /cluster_state:ok/.test(await client.sendCommand(['CLUSTER', 'INFO']));
  const deadline = Date.now() + 30_000;
  while (!(await Promise.all(servers.map(isWhole))).every(Boolean)) {
    if (Date.now() > deadline) throw new Error('The cluster did not come together');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return servers;
}

/** Runs a program to its end; returns what it printed. */
export async function run(program, args, input) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  const ended = once(child, 'close');
  for (const chunk of input ?? []) if (!child.stdin.write(chunk)) await once(child.stdin, 'drain');
  child.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${output}`);
  return output;
}
