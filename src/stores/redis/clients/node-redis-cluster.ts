import type { NodeRedisLike } from './shapes.ts';
import type { RedisServer, Reply } from '../driver.ts';
import { offlineError } from '../errors.ts';
import { NodeRedisDriver, READONLY, TEXT, scanWith, type Args, type Plain } from './node-redis.ts';
import { slotOf } from '../cluster/slot.ts';

interface NodeClient extends Plain {
  readonly isReady: boolean;
  readonly options: object;
  destroy(): void;
}

interface ClusterNode {
  readonly address: string;
  /** Absent until the node is used. */
  client?: NodeClient | undefined;
  /** While the first connection is being made. */
  readonly connectPromise?: Promise<NodeClient> | undefined;
}

/** The members that are used of a cluster of node-redis. */
interface Cluster {
  readonly isOpen: boolean;
  on(event: string, listener: () => void): unknown;
  sendCommand(firstKey: string, readonly: boolean, args: Args, options: object): Promise<unknown>;
  nodeClient(node: ClusterNode): Promise<NodeClient>;
  readonly masters: readonly ClusterNode[];
  readonly replicas: readonly ClusterNode[];
  /** `undefined` for slots without a known node. */
  readonly slots: readonly ({ readonly master: ClusterNode } | undefined)[];
  /** Asks a node, or else another, which node has which slot. Not documented, so it may be missing. */
  readonly _slots?: { rediscover?(startWith: { readonly options: object }): Promise<void> };
  /** Not documented, either. */
  readonly _options?: { readonly rootNodes?: readonly object[] };
}

/** The events of a cluster that report that the client of a node has connected, or has failed to. */
const CONNECT_EVENTS = ['node-ready', 'node-error'];

/** Milliseconds between two questions which node has which slot. */
const REFRESH_INTERVAL_MS = 200;

/**
 * A driver over a cluster of node-redis. node-redis asks again which node has which slot when a node redirects it. A
 * node that is down redirects nothing: version 5 would wait for it for ever, and version 6 waits for five seconds and
 * queues commands that have timed out by then. So this driver checks that the node of a key is connected, and asks
 * the cluster when it is not. A node outside of the cluster reports that no node has any slot: node-redis takes that
 * for the truth, and would never ask another.
 *
 * A cluster that is closed while it asks connects to the nodes of the answer all the same, and nothing closes these
 * connections, which keep the process alive. So this driver does.
 */
export class NodeRedisClusterDriver extends NodeRedisDriver {
  override readonly cluster = true;
  readonly #client: Cluster;
  #refreshing = false;
  #refreshedAt = -Infinity;

  constructor(client: NodeRedisLike) {
    super(client);
    this.#client = client as unknown as Cluster;
    for (const event of CONNECT_EVENTS) this.#client.on(event, () => this.#disconnectIfClosed());
  }

  refreshTopology(): void {
    const slots = this.#client._slots;
    if (this.#refreshing || performance.now() < this.#refreshedAt + REFRESH_INTERVAL_MS) return;
    // Asking over a client that the application has closed would open its connections again.
    if (typeof slots?.rediscover !== 'function' || !this.#client.isOpen) return;
    this.#refreshing = true;
    const done = (): void => {
      this.#refreshing = false;
      this.#refreshedAt = performance.now();
    };
    // Asking a node that hangs would block everything that waits for the answer.
    this.#firstToAnswer()
      .then((node) => (this.#client.isOpen ? slots.rediscover!(node) : undefined))
      .then(done, done);
  }

  /** Visits the masters one after the other. */
  override async *scan(pattern: string, count: number): AsyncGenerator<string[]> {
    // The masters as they are now: the list may change meanwhile.
    const masters = [...this.#client.masters];
    for (const node of masters) {
      if (isLost(node)) throw offlineError();
      const client = await this.#client.nodeClient(node);
      yield* scanWith((args) => client.sendCommand(args, TEXT), pattern, count);
    }
  }

  override async servers(): Promise<readonly RedisServer[]> {
    return this.#client.masters.map((node) => ({
      address: node.address,
      send: async (args) => (await this.#client.nodeClient(node)).sendCommand(args, TEXT) as Promise<Reply>,
    }));
  }

  /** @internal */
  protected override sendWith(firstKey: string, args: Args, options: object): Promise<unknown> {
    const node = this.#client.slots[slotOf(firstKey)]?.master;
    // The closed clusters of node-redis 5 would connect again.
    if (!this.#client.isOpen || node === undefined || isLost(node)) {
      this.refreshTopology();
      return Promise.reject(offlineError());
    }
    return this.#client.sendCommand(firstKey, READONLY, args, options);
  }

  /** Returns a master that answers, or else one of the addresses that the cluster started from. */
  async #firstToAnswer(): Promise<{ readonly options: object }> {
    const ready = this.#client.masters.flatMap(({ client }) => (client?.isReady === true ? [client] : []));
    if (ready.length > 0)
      return await Promise.any(ready.map((node) => node.sendCommand(['PING'], {}).then(() => node)));
    const roots = this.#client._options?.rootNodes ?? [];
    const root = roots[Math.floor(Math.random() * roots.length)];
    if (root === undefined) throw new Error('No address of the cluster is known');
    return { options: { ...root } };
  }

  #disconnectIfClosed(): void {
    const { isOpen, masters, replicas } = this.#client;
    if (isOpen) return;
    for (const node of [...masters, ...replicas]) {
      const { client } = node;
      // The cluster may be connected again, and makes another client then.
      node.client = undefined;
      try {
        client?.destroy();
      } catch {
        // node-redis 5 throws when there is nothing to destroy.
      }
    }
  }
}

/** Returns whether a node has lost its connection. */
function isLost({ client, connectPromise }: ClusterNode): boolean {
  return connectPromise === undefined && client?.isReady === false;
}
