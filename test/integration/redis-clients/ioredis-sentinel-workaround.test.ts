import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { Redis as Valkey } from 'iovalkey';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { driverFor } from '../../../src/stores/redis/clients/detect.ts';
import type { RedisDriver } from '../../../src/stores/redis/driver.ts';
import { startSentinel, type RedisSentinel } from '../../support/redis-sentinel.ts';
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { waitFor } from '../../support/wait-for.ts';
import { WRITE } from './own.ts';

/** What a client asks a sentinel for the master with. */
const QUESTION = 'get-master-addr-by-name';

interface Options {
  readonly name: string;
  readonly sentinels: { host: string; port: number }[];
  readonly updateSentinels: boolean;
  readonly failoverDetector: boolean;
}

type Client = Redis | Redis5 | Valkey;

const CLIENTS: readonly ((options: Options) => Client)[] = [
  (options) => new Redis(options),
  (options) => new Redis5(options),
  (options) => new Valkey(options),
];

/** A client that asks one sentinel, through a proxy. */
interface Asking {
  readonly client: Client;
  readonly driver: RedisDriver;
  readonly proxy: TcpProxy;
}

let sentinel: RedisSentinel;
let all: Asking[];

beforeAll(async () => {
  sentinel = await startSentinel({ sentinels: 1 });
});
afterAll(() => sentinel?.stop());

beforeEach(async () => {
  all = await Promise.all(CLIENTS.map((create) => open(create)));
});
afterEach(async () => {
  for (const { client, proxy } of all) {
    client.disconnect();
    await proxy.close();
  }
});

async function open(create: (options: Options) => Client): Promise<Asking> {
  const proxy = await startProxy(sentinel.sentinels[0]!);
  const sentinels = [{ host: proxy.host, port: proxy.port }];
  const client = create({ name: sentinel.name, sentinels, updateSentinels: false, failoverDetector: true });
  client.on('error', () => {});
  const driver = driverFor(client);
  await waitFor('the client to work', () => driver.ping().then(() => true));
  // The one that listens to the sentinel.
  await waitFor('the only connection to the sentinel', () => proxy.connections === 1);
  return { client, driver, proxy };
}

/** Has the clients lose their master, and holds back their questions for another one. */
async function loseMaster(): Promise<() => void> {
  const asked = all.map(({ proxy }) => proxy.holdAt(QUESTION));
  await (await sentinel.master()).cli('CLIENT', 'KILL', 'TYPE', 'normal');
  const releases = await Promise.all(asked);
  return () => {
    for (const release of releases) release();
  };
}

test('a client that is closed while it looks for its master stays closed', async () => {
  const release = await loseMaster();
  const ended = all.map(({ client }) => new Promise((resolve) => client.once('end', resolve)));
  for (const { client } of all) client.disconnect();
  release();
  await Promise.all(ended);
  for (const { client, driver, proxy } of all) {
    const { accepted } = proxy;
    await expect(driver.hgetall('key', false)).rejects.toThrow(/is not connected$|^Connection is closed/);
    expect([client.status, proxy.accepted]).toEqual(['end', accepted]);
  }
});

test('a successor that is announced while the client looks for it is connected to', async () => {
  const release = await loseMaster();
  const successor = await sentinel.failover();
  for (const { proxy } of all) {
    // The client ends the connection over which the announcement came.
    await waitFor('the announcement', () => proxy.connections === 1);
  }
  release();
  for (const [index, { driver }] of all.entries()) {
    await waitFor('a write', () => driver.evaluate(WRITE, [`key ${index}`], ['field', 'value'], false));
  }
  expect(await successor.cli('DBSIZE')).toBe(all.length);
});
