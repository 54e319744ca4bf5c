import type { Facts, ServerFacts } from './facts.ts';

export type Status = 'ok' | 'warning' | 'problem' | 'unknown';

/** What a check has found. */
export interface Result {
  /** `unknown`: the server does not say what the check needs. */
  readonly status: Status;
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string;
}

export interface Check {
  readonly name: string;
  /** Returns what is found of a server; `undefined` where the check does not apply. */
  readonly look: (server: ServerFacts, facts: Facts) => Result | undefined;
}

const OLDEST_MAJOR = 7;
const LISTPACK_VALUE = 512;
/** Shares of what is allowed. */
const NEARLY_FULL = 0.8;
const FULL = 0.95;
const SLOTS = 16_384;
/** Milliseconds. */
const CLOCK_WARNING = 1_000;
const CLOCK_PROBLEM = 30_000;
const SLOW_ROUND_TRIP = 10;
const VERY_SLOW_ROUND_TRIP = 500;

const NEEDS_INFO = {
  status: 'unknown',
  message: 'the server does not let this user run INFO',
  advice: 'Run the doctor with a user that may also run +info +config|get +acl|whoami +acl|getuser',
} as const;
const NEEDS_CONFIG = { ...NEEDS_INFO, message: 'the server does not let this user run CONFIG GET' } as const;

const ok = (message: string): Result => ({ status: 'ok', message });
const warning = (message: string, advice: string): Result => ({ status: 'warning', message, advice });
const problem = (message: string, advice: string): Result => ({ status: 'problem', message, advice });

function numberOf(values: ReadonlyMap<string, string> | undefined, name: string): number {
  return Number(values?.get(name) ?? NaN);
}

function lookAtVersion({ info }: ServerFacts): Result {
  if (info === undefined) return NEEDS_INFO;
  if (info.get('redis_mode') === 'sentinel') {
    return problem(
      'a Sentinel, which keeps no sessions',
      'Pass a client that asks Sentinel for the master, in redis.client',
    );
  }
  const valkey = info.get('valkey_version');
  const version = valkey ?? info.get('redis_version') ?? '?';
  const name = `${valkey === undefined ? 'Redis' : 'Valkey'} ${version}, ${info.get('redis_mode') ?? info.get('server_mode') ?? 'standalone'}`;
  if (Number.parseInt(version) >= OLDEST_MAJOR) return ok(name);
  return warning(`${name}, which is not tested with this library`, `Update to ${OLDEST_MAJOR} or newer`);
}

function lookAtRole({ info }: ServerFacts): Result {
  const role = info?.get('role');
  if (role === undefined) return NEEDS_INFO;
  if (role === 'master') return ok('a master');
  return problem(
    'a replica, which refuses every change',
    'Connect to the master: by Sentinel, a Cluster, or its primary endpoint',
  );
}

function lookAtPermissions({ denied }: ServerFacts, { options, channels }: Facts): Result {
  const needed = denied.filter(({ command }) => command !== 'scan');
  const first = needed[0] ?? denied[0];
  if (first === undefined) {
    const used = [...options, ...channels.map(({ option }) => option)];
    const also = used.length === 0 ? '' : `, also for ${used.join(', ')}`;
    return ok(`every command that the library uses is allowed${also}`);
  }
  const rules = [...new Set(denied.map(({ rule }) => rule))].join(' ');
  const names = denied
    .map(({ command, option }) => (option === null ? command : `${command} for ${option}`))
    .join(', ');
  if (needed.length > 0)
    return problem(`the server refuses ${names}: ${first.reply}`, `Allow ${rules} with ACL SETUSER`);
  return warning(
    'the server refuses scan, which factory.sessions and this program need',
    'Allow +scan with ACL SETUSER',
  );
}

function lookAtSubscriptions(_server: ServerFacts, { subscriptions }: Facts): Result | undefined {
  if (subscriptions.length === 0) return undefined;
  const failed = subscriptions.filter(({ error }) => error !== undefined);
  const [first] = failed;
  if (first === undefined) return ok(`messages arrive from ${subscriptions.map(({ name }) => name).join(', ')}`);
  const message = `nothing arrives from ${failed.map(({ name, option }) => `${name} for ${option}`).join(', ')}: ${first.error}`;
  if (first.rules === undefined) {
    return problem(message, 'Make sure that the client in redis.subscriber, or else redis.client, can subscribe');
  }
  const rules = [...new Set(failed.flatMap((each) => each.rules?.split(' ') ?? []))].join(' ');
  return problem(message, `Allow ${rules} with ACL SETUSER`);
}

function lookAtAccess({ user, isOpen }: ServerFacts): Result {
  if (isOpen === true) {
    return warning(
      'who reaches the server needs no password',
      'Give the default user a password, or switch it off, and give the sessions a user of their own',
    );
  }
  if (user === undefined) return { ...NEEDS_INFO, message: 'the server does not let this user run ACL' };
  if (user !== 'default') return ok(`user ${user}`);
  return warning(
    'the default user, who may do everything',
    'Give the sessions a user of their own, with the rules in docs/deployment.md',
  );
}

function lookAtEviction({ info, settings }: ServerFacts): Result {
  const policy = settings.get('maxmemory-policy') ?? info?.get('maxmemory_policy');
  if (policy === undefined) return NEEDS_CONFIG;
  const evicted = numberOf(info, 'evicted_keys');
  const advice = 'Set maxmemory-policy to noeviction, and an alert on memory';
  if (policy === 'noeviction') return ok('noeviction');
  const happened = evicted > 0 ? `, and has ended ${evicted} keys since it was started` : '';
  if (numberOf(info, 'maxmemory') === 0)
    return warning(`${policy} would end sessions at random, once maxmemory is set`, advice);
  return problem(`${policy} ends sessions at random when memory is full${happened}`, advice);
}

function lookAtMemory({ info }: ServerFacts): Result {
  if (info?.get('used_memory') === undefined) return NEEDS_INFO;
  const [used, limit] = [numberOf(info, 'used_memory'), numberOf(info, 'maxmemory')];
  if (limit === 0) return ok(`${megabytes(used)}, and no maxmemory`);
  const share = used / limit;
  const message = `${Math.round(share * 100)} % of ${megabytes(limit)}`;
  const advice = 'Raise maxmemory, or lower the idle timeout: a full server refuses most changes';
  if (share >= FULL) return problem(message, advice);
  return share >= NEARLY_FULL ? warning(message, advice) : ok(message);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

function lookAtHashes({ settings }: ServerFacts): Result {
  const name = settings.has('hash-max-listpack-value') ? 'hash-max-listpack-value' : 'hash-max-ziplist-value';
  const value = settings.get(name);
  if (value === undefined) return NEEDS_CONFIG;
  if (Number(value) >= LISTPACK_VALUE) return ok(`${name} ${value}`);
  return warning(
    `${name} ${value}: sessions need more memory than they have to`,
    `Set ${name} to ${LISTPACK_VALUE}: a quarter to a third less`,
  );
}

function lookAtPersistence({ info, settings }: ServerFacts): Result {
  if (info === undefined) return NEEDS_INFO;
  if (info.get('rdb_last_bgsave_status') === 'err' || info.get('aof_last_write_status') === 'err') {
    return problem(
      'the last write to disk failed, so that the server refuses changes',
      "Look at the server's log: the disk may be full",
    );
  }
  if (info.get('aof_enabled') === '1') return ok('appendonly yes');
  const save = settings.get('save');
  const advice = 'Set appendonly to yes, unless a restart may log out everyone';
  if (save === undefined)
    return { ...NEEDS_CONFIG, message: 'appendonly no, and the server does not let this user run CONFIG GET' };
  if (save === '') return warning('none: a restart logs out everyone', advice);
  return warning(`snapshots only (${save}): a crash brings back sessions that had ended, and loses new ones`, advice);
}

function lookAtReplicas({ info, settings }: ServerFacts): Result | undefined {
  const needed = Number(settings.get('min-replicas-to-write') ?? 0);
  const connected = numberOf(info, 'connected_slaves');
  if (needed === 0 || Number.isNaN(connected)) return undefined;
  // Replicas that lag behind do not count.
  const good = info?.has('min_slaves_good_slaves') === true ? numberOf(info, 'min_slaves_good_slaves') : connected;
  if (good >= needed) return ok(`${good} of ${needed} that changes need`);
  return problem(
    `${good} of ${needed} that changes need, so that the server refuses them`,
    'Bring replicas back, or lower min-replicas-to-write',
  );
}

function lookAtConnections({ info }: ServerFacts): Result {
  const [connected, limit] = [numberOf(info, 'connected_clients'), numberOf(info, 'maxclients')];
  if (Number.isNaN(connected) || Number.isNaN(limit)) return NEEDS_INFO;
  const message = `${connected} of ${limit}`;
  if (connected / limit < NEARLY_FULL) return ok(message);
  return warning(message, 'Raise maxclients, and make one factory for each process, not one for each request');
}

function lookAtClock({ clockOffset }: ServerFacts): Result {
  if (clockOffset === undefined) return { ...NEEDS_INFO, message: 'the server does not let this user run TIME' };
  const off = Math.abs(clockOffset);
  const message = `${off < 1000 ? `${Math.round(off)} ms` : `${(off / 1000).toFixed(1)} s`} from that of this machine`;
  const advice =
    "Run NTP on both: sessions expire by the server's clock, and invalidateBefore compares it with the application's";
  if (off >= CLOCK_PROBLEM) return problem(message, advice);
  return off >= CLOCK_WARNING ? warning(message, advice) : ok(message);
}

function lookAtCluster({ info, cluster }: ServerFacts, facts: Facts): Result | undefined {
  const isNode = info?.get('cluster_enabled') === '1' || info?.get('redis_mode') === 'cluster';
  if (isNode && !facts.cluster) {
    return problem(
      'a node of a cluster, and the client is one for a single server',
      'Pass a cluster client in redis.client',
    );
  }
  if (cluster === undefined) return undefined;
  const [assigned, working] = [numberOf(cluster, 'cluster_slots_assigned'), numberOf(cluster, 'cluster_slots_ok')];
  if (working === SLOTS && cluster.get('cluster_state') === 'ok') return ok(`all ${SLOTS} slots are served`);
  return problem(
    `${SLOTS - assigned} slots have no server, and ${assigned - working} one that does not answer`,
    'Run redis-cli --cluster check and --cluster fix: sessions of these slots cannot be read',
  );
}

function lookAtLatency({ roundTrips }: ServerFacts): Result {
  const [median, longest] = [roundTrips[Math.floor(roundTrips.length / 2)]!, roundTrips.at(-1)!];
  const message = `${median.toFixed(1)} ms in the middle, ${longest.toFixed(1)} ms at most`;
  const advice = 'Move the application and the server closer together, and look at SLOWLOG GET';
  if (median >= VERY_SLOW_ROUND_TRIP) return problem(message, advice);
  return median >= SLOW_ROUND_TRIP ? warning(message, advice) : ok(message);
}

/** Every check, in the order in which they are shown. */
export const CHECKS: readonly Check[] = [
  { name: 'version', look: lookAtVersion },
  { name: 'role', look: lookAtRole },
  { name: 'cluster', look: lookAtCluster },
  { name: 'permissions', look: lookAtPermissions },
  { name: 'messages', look: lookAtSubscriptions },
  { name: 'access', look: lookAtAccess },
  { name: 'eviction', look: lookAtEviction },
  { name: 'memory', look: lookAtMemory },
  { name: 'hashes', look: lookAtHashes },
  { name: 'persistence', look: lookAtPersistence },
  { name: 'replicas', look: lookAtReplicas },
  { name: 'connections', look: lookAtConnections },
  { name: 'clock', look: lookAtClock },
  { name: 'latency', look: lookAtLatency },
];

/** A result, and which servers have it. */
export interface Finding extends Result {
  readonly check: string;
  readonly servers: readonly string[];
}

/** Carries out all checks. Servers with the same result share a finding. */
export function examine(facts: Facts): Finding[] {
  return CHECKS.flatMap(({ name, look }) => {
    const byText = new Map<string, Finding>();
    for (const server of facts.servers) {
      const result = look(server, facts);
      if (result === undefined) continue;
      const text = `${result.status} ${result.message}`;
      const servers = [...(byText.get(text)?.servers ?? []), server.address];
      byText.set(text, { check: name, ...result, servers });
    }
    return [...byText.values()];
  });
}
