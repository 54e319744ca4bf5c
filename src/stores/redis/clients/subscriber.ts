import type { Subscribe, Subscription, SubscriptionEvents } from '../message-feed.ts';
import type { RedisClient } from './shapes.ts';

/** The members that are used of a client of node-redis for messages: a client, Sentinel or cluster. */
interface NodeRedisSubscriber {
  on(event: string, listener: (value: unknown) => void): unknown;
  duplicate(): NodeRedisSubscriber;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  destroy(): unknown;
}

/** The same of ioredis and iovalkey. */
interface IoredisSubscriber {
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
  on(event: string, listener: (value: unknown) => void): unknown;
  readonly status: string;
  duplicate(): IoredisSubscriber;
  connect(): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): unknown;
}

/** Events by which clients report that a connection is there again. */
const READY_EVENTS = ['ready', 'node-ready', 'topology-change'];

/**
 * Subscribes to a channel over a duplicate of the application's client, which reconnects and subscribes again by itself.
 * @throws {TypeError} for a client that cannot be duplicated, such as a pool
 */
export function subscribeLike(client: RedisClient, channel: string): Subscribe {
  const given = client as unknown as { duplicate?: unknown; subscribe?: unknown };
  if (typeof given.duplicate !== 'function' || typeof given.subscribe !== 'function') {
    throw new TypeError(
      'Expected `redis.subscriber` to be a client that can be duplicated to receive messages, because `redis.client` cannot be, got none. ' +
        'Pass a client of the same server, as `createClient` returns it',
    );
  }
  const isIoredis = 'hgetallBuffer' in client;
  return (events) =>
    isIoredis
      ? subscribeIoredis(client as unknown as IoredisSubscriber, channel, events)
      : subscribeNodeRedis(client as unknown as NodeRedisSubscriber, channel, events);
}

function subscribeNodeRedis(client: NodeRedisSubscriber, channel: string, events: SubscriptionEvents): Subscription {
  const own = client.duplicate();
  let state: 'connecting' | 'subscribing' | 'subscribed' | 'unsubscribed' | 'closed' = 'connecting';
  const isClosed = (): boolean => state === 'closed';
  const subscribe = async (): Promise<void> => {
    state = 'subscribing';
    try {
      await own.subscribe(channel, (message) => events.message(message));
      if (isClosed()) return destroy(own);
      state = 'subscribed';
      events.subscribed();
    } catch (error) {
      if (isClosed()) return;
      state = 'unsubscribed';
      events.failed(error);
    }
  };
  own.on('error', (error) => events.failed(error));
  for (const event of READY_EVENTS) {
    own.on(event, () => {
      // The client has subscribed again by then.
      if (state === 'subscribed') events.subscribed();
      else if (state === 'unsubscribed') void subscribe();
    });
  }
  own.connect().then(
    () => (isClosed() ? destroy(own) : subscribe()),
    (error: unknown) => events.failed(error),
  );
  return {
    async close() {
      state = 'closed';
      destroy(own);
    },
  };
}

function destroy(client: NodeRedisSubscriber): void {
  try {
    // The Sentinel client's is asynchronous.
    Promise.resolve(client.destroy()).catch(() => {});
  } catch {
    // node-redis throws when there is nothing to destroy.
  }
}

function subscribeIoredis(client: IoredisSubscriber, channel: string, events: SubscriptionEvents): Subscription {
  const own = client.duplicate();
  own.on('error', (error) => events.failed(error));
  own.on('message', (_channel: string, message: string) => events.message(message));
  const subscribe = (): void => {
    own.subscribe(channel).then(
      () => events.subscribed(),
      (error: unknown) => events.failed(error),
    );
  };
  // Also after a reconnection: the library's own subscription is not awaited by anything.
  own.on('ready', subscribe);
  // With `lazyConnect`.
  if (own.status === 'wait') own.connect().catch(() => {});
  return {
    async close() {
      own.disconnect();
    },
  };
}
