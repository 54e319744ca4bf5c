import type { NodeRedisLike } from './shapes.ts';
import { offline } from '../errors.ts';
import { NodeRedisDriver, READONLY, TEXT, scanWith, type Args, type Plain } from './node-redis.ts';
import { slotOf } from '../cluster/slot.ts';

interface NodeClient extends Plain {
  readonly isReady: boolean;
  readonly options: object;
}

interface MasterNode {
  /** Absent until the node is first used. */
  readonly client?: NodeClient | undefined;
  /** While the first connection is being made. */
  readonly connectPromise?: Promise<NodeClient> | undefined;
}

/** What is used of a cluster of node-redis. */
interface Cluster {
  readonly isOpen: boolean;
  sendCommand(firstKey: string, readonly: boolean, args: Args, options: object): Promise<unknown>;
  nodeClient(node: MasterNode): Promise<NodeClient>;
  readonly masters: readonly MasterNode[];
  /** Nothing at slots that no node was said to have. */
  readonly slots: readonly ({ readonly master: MasterNode } | undefined)[];
  /** Not documented, so it may not be there: asks a node, or else any, who has which slot. */
  readonly _slots?: { rediscover?(startWith: { readonly options: object }): Promise<void> };
  /** Not documented either. */
  readonly _options?: { readonly rootNodes?: readonly object[] };
}

/** Milliseconds between two times of asking the cluster who has which slot. */
const REFRESH_INTERVAL = 200;

/**
 * Over a cluster of node-redis, which by itself asks again who has which slot when a node sends it
 * elsewhere. A node that is down sends nobody anywhere: version 5 would wait for it for ever, and version
 * 6 does for five seconds, queueing commands that nobody waits for any more. So this looks whether the
 * node of a key is there, and has the cluster asked when it is not. A node that knows no cluster (yet, or
 * any more) says that nobody has a slot: node-redis believes it, and would never ask another.
 */
export class NodeRedisClusterDriver extends NodeRedisDriver {
  override readonly cluster = true;
  readonly #client: Cluster;
  #refreshing = false;
  #refreshedAt = -Infinity;

  constructor(client: NodeRedisLike) {
    super(client);
    this.#client = client as unknown as Cluster;
  }

  refresh(): void {
    const slots = this.#client._slots;
    if (this.#refreshing || performance.now() < this.#refreshedAt + REFRESH_INTERVAL) return;
    // To ask for a client that the application has closed would open its connections again.
    if (typeof slots?.rediscover !== 'function' || !this.#client.isOpen) return;
    this.#refreshing = true;
    const done = (): void => {
      this.#refreshing = false;
      this.#refreshedAt = performance.now();
    };
    // To ask a node that hangs would hang everything that waits for the answer.
    this.#firstToAnswer()
      .then((node) => slots.rediscover!(node))
      .then(done, done);
  }

  /** Each master's keys in turn. */
  override async *scan(pattern: string, count: number): AsyncGenerator<string[]> {
    // Of the masters as they are now: the cluster may be asked anew meanwhile.
    const masters = [...this.#client.masters];
    for (const node of masters) {
      if (isLost(node)) await offline();
      const client = await this.#client.nodeClient(node);
      yield* scanWith((args) => client.sendCommand(args, TEXT), pattern, count);
    }
  }

  /** @internal */
  protected override sendWith(firstKey: string, args: Args, options: object): Promise<unknown> {
    const node = this.#client.slots[slotOf(firstKey)]?.master;
    if (node === undefined || isLost(node)) {
      this.refresh();
      return offline();
    }
    return this.#client.sendCommand(firstKey, READONLY, args, options);
  }

  /** A master that answers; when there is none, one of the addresses that the cluster began with. */
  async #firstToAnswer(): Promise<{ readonly options: object }> {
    const ready = this.#client.masters.flatMap(({ client }) => (client?.isReady === true ? [client] : []));
    if (ready.length > 0)
      return await Promise.any(ready.map((node) => node.sendCommand(['PING'], {}).then(() => node)));
    const roots = this.#client._options?.rootNodes ?? [];
    const root = roots[Math.floor(Math.random() * roots.length)];
    if (root === undefined) throw new Error('It is not known where the cluster is');
    return { options: { ...root } };
  }
}

/** Was a node connected, and is not any more? */
function isLost({ client, connectPromise }: MasterNode): boolean {
  return connectPromise === undefined && client?.isReady === false;
}
