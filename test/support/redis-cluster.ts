import { parseInfo, replicated, startRedis, type RedisServer } from './redis-server.ts';
import { waitFor } from './wait-for.ts';

export interface ClusterOptions {
  /** Default 3. */
  readonly masters?: number;
  /** Spread over the masters in turn. Default: as many as there are masters. */
  readonly replicas?: number;
  /** Directives for all nodes. */
  readonly config?: Readonly<Record<string, string>>;
}

const SLOTS = 16_384;
/**
 * Milliseconds of silence after which the nodes of a cluster call one of them dead, so that a replica takes over. A
 * busy machine may take that long for an answer, so without replicas it is Redis's own default.
 */
const NODE_TIMEOUT = 1_000;
const NODE_TIMEOUT_WITHOUT_REPLICAS = 15_000;

/** What one node says of another in CLUSTER NODES. */
interface NodeLine {
  readonly id: string;
  readonly port: number;
  readonly flags: readonly string[];
  readonly master: string;
  readonly slots: readonly string[];
}

function parseNodes(text: string): NodeLine[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [id = '', address = '', flags = '', master = '', , , , , ...slots] = line.trim().split(' ');
      return { id, port: Number(/:(\d+)@/.exec(address)?.[1]), flags: flags.split(','), master, slots };
    });
}

function holds({ slots }: NodeLine, slot: number): boolean {
  return slots.some((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return slot >= first && slot <= last;
  });
}

/** A slot on its way from one master to another; keys can be moved one by one. */
export interface Migration {
  readonly slot: number;
  readonly from: RedisServer;
  readonly to: RedisServer;
  /** Names of the slot's keys that have not moved yet. */
  keys(): Promise<string[]>;
  /** Moves these keys; default all. */
  move(keys?: readonly string[]): Promise<void>;
  /** Moves the remaining keys, and assigns the slot to its new owner. */
  finish(): Promise<void>;
}

/** A Redis Cluster of a test's own: every node a process, on a port and in a folder of its own. */
export class RedisCluster {
  readonly nodes: readonly RedisServer[];
  readonly #paused = new Set<RedisServer>();
  #moving: Promise<void> = Promise.resolve();

  constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes;
  }

  /** Nodes that answer. */
  get running(): RedisServer[] {
    return this.nodes.filter((node) => node.running && !this.#paused.has(node));
  }

  /** Where clients begin. */
  get urls(): string[] {
    return this.running.map(({ url }) => url);
  }

  /** The masters that are alive, as the others see them. */
  async masters(): Promise<RedisServer[]> {
    const lines = await this.#lines();
    return lines
      .filter(({ flags, slots }) => flags.includes('master') && !flags.includes('fail') && slots.length > 0)
      .map(({ port }) => this.#node(port));
  }

  async slotOf(key: string): Promise<number> {
    return Number(await this.running[0]!.cli('CLUSTER', 'KEYSLOT', key));
  }

  async masterOf(slot: number): Promise<RedisServer> {
    const lines = await this.#lines();
    const line = lines.find((each) => each.flags.includes('master') && holds(each, slot));
    if (line === undefined) throw new Error(`No master has slot ${slot}.`);
    return this.#node(line.port);
  }

  async replicasOf(master: RedisServer): Promise<RedisServer[]> {
    const lines = await this.#lines();
    const { id } = lines.find(({ port }) => port === master.port)!;
    return lines.filter((line) => line.master === id).map(({ port }) => this.#node(port));
  }

  /** Runs a command on the master that has the key. */
  async cli(key: string, ...args: string[]): Promise<unknown> {
    return await (await this.masterOf(await this.slotOf(key))).cli(...args);
  }

  /** Ends a node as a crash would. */
  async kill(node: RedisServer): Promise<void> {
    await node.kill();
  }

  /** Freezes a node: connections stay open, and nothing answers. */
  pause(node: RedisServer): void {
    this.#paused.add(node);
    node.pause();
  }

  resume(node: RedisServer): void {
    node.resume();
    this.#paused.delete(node);
  }

  /** Waits until all nodes that answer agree that all slots are served, by nodes that answer. */
  async healthy(timeout?: number): Promise<void> {
    await waitFor(
      'the cluster to be whole',
      async () => {
        const views = await Promise.all(this.running.map((node) => this.#isWhole(node)));
        return views.every(Boolean);
      },
      timeout,
    );
  }

  /** Waits until what the masters have accepted so far is copied. */
  async copied(): Promise<void> {
    await Promise.all((await this.masters()).map((master) => replicated(master)));
  }

  /** Opens the migration of a slot; its keys move on command. */
  async openMigration(slot: number, to: RedisServer): Promise<Migration> {
    const from = await this.masterOf(slot);
    const [fromId, toId] = await Promise.all([idOf(from), idOf(to)]);
    await to.cli('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', fromId);
    await from.cli('CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', toId);
    const keys = async (): Promise<string[]> =>
      (await from.cli('CLUSTER', 'GETKEYSINSLOT', String(slot), '1000')) as string[];
    const move = (chosen?: readonly string[]): Promise<void> =>
      this.#inTurn(async () => {
        for (let batch = chosen ?? (await keys()); batch.length > 0; batch = chosen ? [] : await keys()) {
          await from.cli('MIGRATE', to.host, String(to.port), '', '0', '5000', 'KEYS', ...batch);
        }
      });
    const finish = async (): Promise<void> => {
      await move();
      const others = (await this.masters()).filter((node) => node !== to && node !== from);
      await this.#inTurn(async () => {
        await this.#agreeOnEpoch();
        // First the new owner, or the slot would have no owner for a moment.
        for (const node of [to, from, ...others]) await node.cli('CLUSTER', 'SETSLOT', String(slot), 'NODE', toId);
      });
    };
    return { slot, from, to, keys, move, finish };
  }

  /** Moves a slot with its keys to another master. */
  async migrateSlot(slot: number, to: RedisServer): Promise<void> {
    const migration = await this.openMigration(slot, to);
    await migration.finish();
  }

  async stop(): Promise<void> {
    // At once: those that end in order keep the others busy.
    await Promise.all(this.nodes.map((node) => node.kill()));
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  /**
   * Waits until all nodes know the newest epoch. The new owner of a slot takes the next one; if the old owner had a later
   * one, of a slot that it has just been given, then a message that is still under way would give it this slot back.
   */
  async #agreeOnEpoch(): Promise<void> {
    await waitFor('the nodes to agree on the epoch', async () => {
      const infos = await Promise.all(this.running.map((node) => node.cli('CLUSTER', 'INFO')));
      return new Set(infos.map((info) => parseInfo(String(info)).get('cluster_current_epoch'))).size === 1;
    });
  }

  /**
   * One slot at a time. A node does nothing else during MIGRATE, so that two which move keys to each other would wait
   * until both time out.
   */
  #inTurn(move: () => Promise<void>): Promise<void> {
    const turn = this.#moving.then(move);
    this.#moving = turn.catch(() => {});
    return turn;
  }

  async #isWhole(node: RedisServer): Promise<boolean> {
    const info = parseInfo(String(await node.cli('CLUSTER', 'INFO')));
    if (info.get('cluster_state') !== 'ok' || Number(info.get('cluster_slots_ok')) !== SLOTS) return false;
    const lines = parseNodes(String(await node.cli('CLUSTER', 'NODES')));
    return lines
      .filter(({ flags, slots }) => flags.includes('master') && slots.length > 0)
      .every(
        ({ port, flags }) => this.running.includes(this.#node(port)) && !flags.some((flag) => flag.startsWith('fail')),
      );
  }

  async #lines(): Promise<NodeLine[]> {
    return parseNodes(String(await this.running[0]!.cli('CLUSTER', 'NODES')));
  }

  #node(port: number): RedisServer {
    const node = this.nodes.find((each) => each.port === port);
    if (node === undefined) throw new Error(`No node of the cluster listens on port ${port}.`);
    return node;
  }
}

async function idOf(node: RedisServer): Promise<string> {
  return String(await node.cli('CLUSTER', 'MYID'));
}

/** Starts a cluster on free ports of the loopback; it ends with this process at the latest. */
export async function startCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const { masters: count = 3, replicas = count } = options;
  const timeout = replicas === 0 ? NODE_TIMEOUT_WITHOUT_REPLICAS : NODE_TIMEOUT;
  const nodes = await startNodes(count + replicas, { 'cluster-node-timeout': String(timeout), ...options.config });
  const cluster = new RedisCluster(nodes);
  try {
    await form(nodes, count);
    // For two seconds after its start a cluster serves nothing yet.
    await Promise.all(nodes.slice(count).map((replica, index) => follow(replica, nodes[index % count]!)));
    await cluster.healthy();
    await waitFor('the replicas to be known', async () => {
      const views = await Promise.all(nodes.map((node) => node.cli('CLUSTER', 'NODES')));
      return views.every((view) => parseNodes(String(view)).filter((line) => isReplica(line)).length === replicas);
    });
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function isReplica({ flags }: NodeLine): boolean {
  return flags.includes('slave');
}

async function startNodes(count: number, config: ClusterOptions['config']): Promise<RedisServer[]> {
  const directives = {
    'cluster-enabled': 'yes',
    'cluster-announce-ip': '127.0.0.1',
    'cluster-allow-replica-migration': 'no',
    ...config,
  };
  const starting = await Promise.allSettled(Array.from({ length: count }, () => startRedis({ config: directives })));
  const nodes = starting.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failure = starting.find((each) => each.status === 'rejected');
  if (failure === undefined) return nodes;
  await Promise.all(nodes.map((node) => node.stop()));
  throw failure.reason;
}

/** Assigns slots to the masters, and introduces all nodes to each other, which is faster than gossip. */
async function form(nodes: readonly RedisServer[], masters: number): Promise<void> {
  for (const [index, node] of nodes.entries()) {
    await node.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
    if (index >= masters) continue;
    const [first, next] = [index, index + 1].map((i) => Math.floor((i * SLOTS) / masters));
    await node.cli('CLUSTER', 'ADDSLOTSRANGE', String(first), String(next! - 1));
  }
  for (const [index, node] of nodes.entries()) {
    for (const other of nodes.slice(index + 1)) await node.cli('CLUSTER', 'MEET', other.host, String(other.port));
  }
  await waitFor('the nodes to meet', async () => {
    const views = await Promise.all(nodes.map((node) => node.cli('CLUSTER', 'NODES')));
    return views.every((view) => {
      const lines = parseNodes(String(view));
      return lines.length === nodes.length && lines.every(({ flags }) => !flags.includes('handshake'));
    });
  });
}

async function follow(replica: RedisServer, master: RedisServer): Promise<void> {
  const id = await idOf(master);
  await replica.cli('CLUSTER', 'REPLICATE', id);
  await waitFor('a replica to follow', async () => {
    const info = parseInfo(String(await replica.cli('INFO', 'replication')));
    return info.get('master_link_status') === 'up';
  });
}
