import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Output, terminate } from '../../support/child.ts';
import { guard } from '../../support/guard.mjs';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { migrateAll } from 'websauna-session/migrate';
import { everyOrder, RollingDeployment, type Kind, type RunningServer } from './rolling.ts';
import { Deployment, type Client, type Site } from './sites.ts';

// `npm run test:migration` runs it with more users, and each server in a process of its own.
const USERS = Number(process.env['MIGRATION_USERS'] ?? 25);
const IN_PROCESSES = process.env['MIGRATION_SERVERS'] === 'processes';

let server: RedisServer;
const clients: Client[] = [];
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await server.stop();
});

async function connect(name: string): Promise<Deployment> {
  const client: Client = createClient({ url: server.url });
  clients.push(client);
  await client.connect();
  return new Deployment(client, name);
}

async function convertRest(name: string): Promise<void> {
  const all = await connect(name);
  const site = await all.new('convert');
  const { failed, unreadable } = await migrateAll(site.middleware!);
  expect({ failed, unreadable, left: await all.oldSessions() }).toEqual({ failed: 0, unreadable: 0, left: new Map() });
  await site.close();
}

/** Starts a server with a connection of its own. */
async function startHere(name: string, kind: Kind, hasOwner: boolean): Promise<RunningServer> {
  const all = await connect(name);
  const owner = hasOwner
    ? { owner: ({ passport }: { passport?: { user?: string } }): string | undefined => passport?.user }
    : {};
  const starting: Record<Kind, () => Promise<Site>> = {
    old: () => all.old(),
    beside: () => all.new('beside', owner),
    convert: () => all.new('convert', owner),
    final: () => all.final(owner),
  };
  return await starting[kind]();
}

async function startProcess(name: string, kind: Kind, hasOwner: boolean): Promise<RunningServer> {
  const file = fileURLToPath(new URL('server.mjs', import.meta.url));
  const child = spawn(process.execPath, [file, server.url, name, kind, hasOwner ? 'owner' : ''], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  guard(child);
  const [, port] = await new Output(child).match(/listening on (\d+)/, 300_000);
  return { port: Number(port), close: () => terminate(child, 'SIGTERM') };
}

describe('Two servers are replaced, one after the other, through all phases', () => {
  test.each(everyOrder().map((steps, n) => [n, steps] as const))(
    'order %i: no user is logged out, nothing is lost, and no cookie outlives its logout',
    async (n, steps) => {
      const name = `rolling${n}`;
      // With owners, the ids of sessions change when they are converted.
      const hasOwner = n % 2 === 1;
      const start = (kind: Kind): Promise<RunningServer> =>
        IN_PROCESSES ? startProcess(name, kind, hasOwner) : startHere(name, kind, hasOwner);
      const deployment = new RollingDeployment({
        users: USERS,
        start,
        steps,
        convertRest: () => convertRest(name),
        concurrency: 16,
      });
      const { requests, writes, logouts } = await deployment.run();
      expect(writes).toBeGreaterThan(USERS * 20);
      expect(logouts).toBeGreaterThan(USERS / 2);
      if (IN_PROCESSES)
        console.log(`order ${n}: ${USERS} users, ${requests} requests, ${writes} writes, ${logouts} logouts`);
    },
    IN_PROCESSES ? 3_600_000 : 60_000,
  );
});
