import { parseInfo, replicated, startRedis, startReplica, type RedisServer } from './redis-server.ts';
import { waitFor } from './wait-for.ts';

export interface SentinelOptions {
  /** Default 1. */
  readonly replicas?: number;
  /** Default 3. */
  readonly sentinels?: number;
}

/** The name that the sentinels know the master by. */
export const MASTER_NAME = 'main';
/**
 * Milliseconds of silence after which a sentinel calls a master dead: longer than a busy one ever takes to answer, until a
 * test has killed it.
 */
const DOWN_AFTER = { alive: 60_000, killed: 500 };
/** Milliseconds after which a failover that got stuck is abandoned, and tried again. */
const FAILOVER_TIMEOUT = 3_000;
/**
 * Milliseconds between a sentinel's announcements, 2,000 by default: few until the sentinels have found each other by them.
 * Afterwards four of them must take longer than a failover, or a sentinel that has not heard of it yet undoes the promotion.
 */
const PUBLISH_PERIOD = { atFirst: 250, afterwards: 1_000 };
/**
 * Milliseconds between a sentinel's looks at what the servers say of themselves, 10,000 by default. A demoted master learns
 * of it after one look and four announcements.
 */
const INFO_PERIOD = 1_000;

/** A master, its replicas and the sentinels that watch them, all of a test's own. */
export class RedisSentinel {
  readonly name: string = MASTER_NAME;
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];

  constructor(servers: readonly RedisServer[], sentinels: readonly RedisServer[]) {
    this.servers = servers;
    this.sentinels = sentinels;
  }

  /** Where clients begin. */
  get addresses(): { host: string; port: number }[] {
    return this.sentinels.map(({ host, port }) => ({ host, port }));
  }

  /** The master that a sentinel names. */
  async master(sentinel: RedisServer = this.sentinels[0]!): Promise<RedisServer> {
    const [, port] = (await sentinel.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.name)) as string[];
    return this.servers.find((server) => server.port === Number(port))!;
  }

  /** Has another server promoted, in order, and waits until all sentinels name it; returns the new master. */
  async failover(): Promise<RedisServer> {
    const old = await this.master();
    // Refused while a sentinel has not made up its mind about an earlier failover.
    await waitFor('a sentinel to begin', async () => {
      await this.sentinels[0]!.cli('SENTINEL', 'FAILOVER', this.name);
      return true;
    });
    return await this.#successor(old);
  }

  /** Ends the master as a crash would; returns it. */
  async killMaster(): Promise<RedisServer> {
    const master = await this.master();
    await master.kill();
    const set = ['SENTINEL', 'SET', this.name, 'down-after-milliseconds', String(DOWN_AFTER.killed)];
    await Promise.all(this.sentinels.map((sentinel) => sentinel.cli(...set)));
    return master;
  }

  /** Waits until all sentinels name another master than this; returns the new one. */
  async successorOf(old: RedisServer): Promise<RedisServer> {
    return await this.#successor(old);
  }

  /** Waits until the master has so many replicas. */
  async whole(replicas: number = this.servers.length - 1): Promise<void> {
    await waitFor(
      'the replicas to follow',
      async () => {
        const master = await this.master();
        const info = parseInfo(String(await master.cli('INFO', 'replication')));
        const following = [...info].filter(([name, value]) => /^slave\d+$/.test(name) && value.includes('online'));
        return info.get('role') === 'master' && following.length === replicas;
      },
      20_000,
    );
  }

  /** Waits until what the master has accepted so far is copied. */
  async copied(): Promise<void> {
    await replicated(await this.master());
  }

  async stop(): Promise<void> {
    const all = [...this.sentinels, ...this.servers];
    // At once: those that end in order keep the others busy.
    await Promise.all(all.map((server) => server.kill()));
    await Promise.all(all.map((server) => server.stop()));
  }

  async #successor(old: RedisServer): Promise<RedisServer> {
    return await waitFor(
      'the sentinels to agree on a new master',
      async () => {
        const named = await Promise.all(this.sentinels.map((sentinel) => this.master(sentinel)));
        const [first] = named;
        if (first === undefined || first === old || named.some((server) => server !== first)) return undefined;
        const info = parseInfo(String(await first.cli('INFO', 'replication')));
        return info.get('role') === 'master' ? first : undefined;
      },
      20_000,
    );
  }
}

/** Starts a master, replicas and sentinels on free ports of the loopback; they end with this process at the latest. */
export async function startSentinel(options: SentinelOptions = {}): Promise<RedisSentinel> {
  const { replicas = 1, sentinels: count = 3 } = options;
  const started: RedisServer[] = [];
  const keep = async (starting: Promise<RedisServer>): Promise<RedisServer> => {
    const server = await starting;
    started.push(server);
    return server;
  };
  try {
    const master = await keep(startRedis());
    const servers = [master];
    for (let i = 0; i < replicas; i++) servers.push(await keep(startReplica(master)));
    const config = {
      'sentinel monitor': `${MASTER_NAME} ${master.host} ${master.port} ${Math.floor(count / 2) + 1}`,
      'sentinel down-after-milliseconds': `${MASTER_NAME} ${DOWN_AFTER.alive}`,
      'sentinel failover-timeout': `${MASTER_NAME} ${FAILOVER_TIMEOUT}`,
    };
    const starting = Array.from({ length: count }, () => keep(startRedis({ args: ['--sentinel'], config })));
    const sentinels = await Promise.all(starting);
    const debug = (name: string, value: number): Promise<unknown> =>
      Promise.all(sentinels.map((sentinel) => sentinel.cli('SENTINEL', 'DEBUG', name, String(value))));
    await debug('INFO-PERIOD', INFO_PERIOD);
    await debug('PUBLISH-PERIOD', PUBLISH_PERIOD.atFirst);
    await waitFor('the sentinels to find each other and the replicas', async () => {
      const views = await Promise.all(sentinels.map((sentinel) => viewOf(sentinel)));
      return views.every(
        (view) => view.get('num-slaves') === String(replicas) && view.get('num-other-sentinels') === String(count - 1),
      );
    });
    await debug('PUBLISH-PERIOD', PUBLISH_PERIOD.afterwards);
    return new RedisSentinel(servers, sentinels);
  } catch (error) {
    await Promise.all(started.map((server) => server.stop()));
    throw error;
  }
}

async function viewOf(sentinel: RedisServer): Promise<Map<string, string>> {
  const reply = (await sentinel.cli('SENTINEL', 'MASTER', MASTER_NAME)) as string[];
  return new Map(reply.flatMap((name, index) => (index % 2 === 0 ? [[name, reply[index + 1]!] as const] : [])));
}
