import { randomBytes } from 'node:crypto';
import type { RedisServer, Reply } from '../../stores/redis/driver.ts';
import { isServerReply } from '../../stores/redis/errors.ts';
import type { RedisInspection } from '../../stores/redis/store.ts';
import { findDeniedCommands, type DeniedCommand, type Usage } from './permissions.ts';
import type { TriedSubscription } from './subscriptions.ts';

/** What one server has answered. What it refuses to say is absent. */
export interface ServerFacts {
  readonly address: string;
  /** Its INFO, by name. */
  readonly info: ReadonlyMap<string, string> | undefined;
  /** Its settings, by name. */
  readonly settings: ReadonlyMap<string, string>;
  /** Its CLUSTER INFO, by name. */
  readonly cluster: ReadonlyMap<string, string> | undefined;
  /** The ACL user of the connection. */
  readonly user: string | undefined;
  /** Whether the default user needs no password. */
  readonly isOpen: boolean | undefined;
  readonly denied: readonly DeniedCommand[];
  /** Milliseconds that its clock is ahead of this process's. */
  readonly clockOffset: number | undefined;
  /** Milliseconds of round trips, shortest first. */
  readonly roundTrips: readonly number[];
}

/** What all checks look at. */
export interface Facts extends Usage {
  /** Whether the client is one of a cluster. */
  readonly cluster: boolean;
  readonly servers: readonly ServerFacts[];
  readonly subscriptions: readonly TriedSubscription[];
}

const SETTINGS = [
  'maxmemory-policy',
  'hash-max-listpack-value',
  'hash-max-ziplist-value',
  'appendonly',
  'save',
  'min-replicas-to-write',
];
const ROUND_TRIPS = 20;

/** Asks all servers. Rejects when one of them cannot be reached. */
export async function collectFacts(
  { servers: given, cluster }: Pick<RedisInspection, 'servers' | 'cluster'>,
  usage: Usage,
  subscriptions: readonly TriedSubscription[],
): Promise<Facts> {
  const servers: ServerFacts[] = [];
  for (const server of given) servers.push(await askServer(server, usage));
  return { ...usage, cluster, servers, subscriptions };
}

async function askServer(server: RedisServer, usage: Usage): Promise<ServerFacts> {
  // A round trip before the first that is measured.
  await ask(server, ['PING']);
  const info = parseInfo(await ask(server, ['INFO']));
  const settings = new Map<string, string>();
  for (const name of SETTINGS) {
    const reply = await ask(server, ['CONFIG', 'GET', name]);
    if (Array.isArray(reply) && reply.length === 2) settings.set(name, String(reply[1]));
  }
  const isCluster = info?.get('cluster_enabled') === '1';
  const probeKey = `${usage.prefix}doctor:${randomBytes(8).toString('hex')}`;
  return {
    address: server.address,
    info,
    settings,
    cluster: isCluster ? parseInfo(await ask(server, ['CLUSTER', 'INFO'])) : undefined,
    user: textOf(await ask(server, ['ACL', 'WHOAMI'])),
    isOpen: isOpenOf(await ask(server, ['ACL', 'GETUSER', 'default'])),
    denied: await findDeniedCommands(server, probeKey, usage),
    ...(await measureTime(server)),
  };
}

/** Returns a reply; `undefined` when the server refuses. */
export async function ask(server: RedisServer, args: readonly string[]): Promise<Reply | undefined> {
  try {
    return await server.send(args);
  } catch (error) {
    if (isServerReply(error)) return undefined;
    throw error;
  }
}

function textOf(reply: Reply | undefined): string | undefined {
  return typeof reply === 'string' ? reply : undefined;
}

export function parseInfo(reply: Reply | undefined): ReadonlyMap<string, string> | undefined {
  const lines = textOf(reply)
    ?.split('\r\n')
    .map((line) => [line, line.indexOf(':')] as const)
    .filter(([, colon]) => colon > 0);
  return lines && new Map(lines.map(([line, colon]) => [line.slice(0, colon), line.slice(colon + 1)]));
}

function isOpenOf(reply: Reply | undefined): boolean | undefined {
  if (!Array.isArray(reply)) return undefined;
  const flags: unknown = reply[reply.indexOf('flags') + 1];
  return Array.isArray(flags) && flags.includes('on') && flags.includes('nopass');
}

async function measureTime(server: RedisServer): Promise<Pick<ServerFacts, 'clockOffset' | 'roundTrips'>> {
  const trips: { readonly took: number; readonly offset: number }[] = [];
  for (let i = 0; i < ROUND_TRIPS; i += 1) {
    const [began, start] = [Date.now(), performance.now()];
    const reply = await ask(server, ['TIME']);
    const took = performance.now() - start;
    const [seconds, microseconds] = Array.isArray(reply) ? reply.map(Number) : [];
    const offset = seconds! * 1000 + microseconds! / 1000 - (began + took / 2);
    trips.push({ took, offset });
  }
  const sorted = trips.toSorted((a, b) => a.took - b.took);
  const offset = sorted[0]!.offset;
  // The shortest round trip says most precisely when the server looked at its clock.
  return { clockOffset: Number.isNaN(offset) ? undefined : offset, roundTrips: sorted.map(({ took }) => took) };
}
