import { Redis as Ioredis } from 'ioredis';
import { Redis as Ioredis5 } from 'ioredis5';
import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis5';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RedisClient } from '../../../src/stores/redis/clients/shapes.ts';
import { subscribeLike } from '../../../src/stores/redis/clients/subscriber.ts';
import { subscribeWith } from '../../../src/stores/redis/connection/connect.ts';
import type { Subscription } from '../../../src/stores/redis/message-feed.ts';
import { normalizeRedisOptions, type RedisLibrary } from '../../../src/stores/redis/options.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait-for.ts';

const CHANNEL = 'session:ends';
/** A user who may not subscribe, at first. */
const LIMITED = { username: 'limited', password: 'a password' };

let server: RedisServer;
let subscription: Subscription;
/** What the subscription has reported. */
let log: string[];

beforeEach(async () => {
  server = await startRedis();
  await server.cli('ACL', 'SETUSER', 'limited', 'on', '>a password', '~*', '+@all', 'resetchannels');
  log = [];
});
afterEach(async () => {
  await subscription.close();
  await server.stop();
});

const events = {
  message: (text: string) => void log.push(text),
  subscribed: () => void log.push('subscribed'),
  failed: () => void log.push('failed'),
};

/** The connections that receive messages. */
const subscribers = async (): Promise<number> =>
  Number(((await server.cli('PUBSUB', 'NUMSUB', CHANNEL)) as unknown[])[1]);
const reported = (what: string): Promise<unknown> => waitFor(what, () => log.includes(what));

type Login = Partial<typeof LIMITED>;

/** Clients of the application, which the library duplicates: they need no connection of their own. */
const CLIENTS: Readonly<Record<string, (login: Login) => RedisClient>> = {
  'node-redis 6': (login) => createClient({ url: server.url, ...login }),
  'node-redis 5': (login) => createClient5({ url: server.url, ...login }),
  'ioredis 6': (login) => new Ioredis({ port: server.port, host: server.host, lazyConnect: true, ...login }),
  'ioredis 5': (login) => new Ioredis5({ port: server.port, host: server.host, lazyConnect: true, ...login }),
};
const KINDS: Readonly<Record<string, (login: Login) => Subscription>> = {
  ...Object.fromEntries(
    Object.entries(CLIENTS).map(([name, make]) => [
      name,
      (login: Login) => subscribeLike(make(login), CHANNEL)(events),
    ]),
  ),
  ...Object.fromEntries(
    (['redis', 'ioredis'] satisfies RedisLibrary[]).map((library) => [
      `a connection of our own, ${library}`,
      (login: Login) => subscribeWith(normalizeRedisOptions({ url: server.url, library, ...login }), CHANNEL)(events),
    ]),
  ),
};

describe.each(Object.entries(KINDS))('a subscription over %s', (_, subscribe) => {
  test('passes on messages, also after its connection was cut, until it is closed', async () => {
    subscription = subscribe({});
    await reported('subscribed');
    await server.cli('PUBLISH', CHANNEL, 'one');
    await reported('one');
    log.length = 0;
    await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await reported('subscribed');
    await server.cli('PUBLISH', CHANNEL, 'two');
    await reported('two');
    await subscription.close();
    await waitFor('the end of the subscription', async () => (await subscribers()) === 0);
  });

  test('reports a permission that is missing, and subscribes when it is there', async () => {
    subscription = subscribe(LIMITED);
    await reported('failed');
    expect(log).not.toContain('subscribed');
    await server.cli('ACL', 'SETUSER', 'limited', 'allchannels');
    await server.cli('CLIENT', 'KILL', 'USER', 'limited');
    await reported('subscribed');
    await server.cli('PUBLISH', CHANNEL, 'one');
    await reported('one');
  });

  test('that is closed at once leaves no connection, and reports nothing', async () => {
    subscription = subscribe({});
    await subscription.close();
    subscription = { close: async () => {} };
    await waitFor('the end of the connection', async () => {
      const clients = String(await server.cli('CLIENT', 'LIST'))
        .trim()
        .split('\n');
      return clients.length === 1;
    });
    expect(log).toEqual([]);
  });
});

describe.each(['node-redis 6', 'node-redis 5'])('a subscription over %s that is closed', (name) => {
  interface Duplicate {
    subscribe(...args: unknown[]): Promise<unknown>;
    readonly isOpen: boolean;
  }

  /** Subscribes, and closes the subscription before or after the server has answered to it. */
  async function closeWhile(when: 'asked' | 'answered'): Promise<Duplicate> {
    const client = CLIENTS[name]!({}) as unknown as { duplicate(): Duplicate };
    const own = client.duplicate();
    const subscribe = own.subscribe.bind(own);
    const closed = new Promise<void>((resolve, reject) => {
      own.subscribe = async (...args) => {
        if (when === 'answered') await subscribe(...args);
        else server.pause();
        const answering = when === 'asked' ? subscribe(...args) : Promise.resolve();
        subscription.close().then(resolve, reject);
        await answering;
      };
    });
    Object.assign(client, { duplicate: () => own });
    subscription = subscribeLike(client as unknown as RedisClient, CHANNEL)(events);
    await closed;
    server.resume();
    return own;
  }

  test.each(['asked', 'answered'] as const)('while the server is %s reports nothing, and disconnects', async (when) => {
    const own = await closeWhile(when);
    await waitFor('the end of the connection', async () => !own.isOpen && (await subscribers()) === 0);
    expect(log).toEqual([]);
  });
});
