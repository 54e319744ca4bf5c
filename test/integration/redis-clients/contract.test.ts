import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { driverFor } from '../../../src/stores/redis/clients/detect.ts';
import type { RedisDriver } from '../../../src/stores/redis/driver.ts';
import type { Stored } from '../../../src/stores/store.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { script } from '../../support/script.ts';
import { kinds, startCluster, type Connected } from './clients.ts';

const WRITE = script("for i = 1, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end return {#ARGV / 2}");
const NOT_UTF8 = Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28]);
const INHERITED = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

let single: RedisServer;
let cluster: RedisServer;

beforeAll(async () => {
  [single, cluster] = await Promise.all([startRedis(), startCluster()]);
});

afterAll(async () => {
  await Promise.all([single?.stop(), cluster?.stop()]);
});

describe.each(kinds)('$name', (kind) => {
  let server: RedisServer;
  let given: Connected;
  let driver: RedisDriver;
  let counter = 0;

  const newKey = (): string => `${kind.name}:{${++counter}}`;
  const write = (key: string, ...args: Stored[]): Promise<unknown> => driver.evaluate(WRITE, [key], args, false);

  beforeAll(async () => {
    server = kind.cluster ? cluster : single;
    given = await kind.connect(server);
    driver = driverFor(given.client);
  });

  afterAll(async () => {
    await given?.end();
  });

  test('is recognised by its shape, and has one driver however often it is asked for', () => {
    expect(driver.library).toBe(/^(?:.*of )?node-redis/.test(kind.name) ? 'node-redis' : 'ioredis');
    expect(driver.cluster).toBe(kind.cluster);
    expect(driverFor(given.client)).toBe(driver);
  });

  test('reads an absent key as no fields', async () => {
    expect(Object.keys(await driver.hgetall(newKey(), false))).toEqual([]);
    expect(Object.keys(await driver.hgetall(newKey(), true))).toEqual([]);
  });

  test('reads fields as text, empty and non-ASCII ones too', async () => {
    const key = newKey();
    await write(key, '@', '1:2', 'empty', '', 'naïve ключ', '"€ 😀"', '', 'no name');
    expect({ ...(await driver.hgetall(key, false)) }).toEqual({
      '@': '1:2',
      empty: '',
      'naïve ключ': '"€ 😀"',
      '': 'no name',
    });
  });

  test('reads fields as bytes, under names of text', async () => {
    const key = newKey();
    await write(key, 'raw', NOT_UTF8, 'ключ', 'text');
    const fields = await driver.hgetall(key, true);
    expect(Object.keys(fields)).toEqual(['raw', 'ключ']);
    expect(Buffer.compare(fields['raw'] as Buffer, NOT_UTF8)).toBe(0);
    expect(String(fields['ключ'])).toBe('text');
    expect(fields['ключ']).toBeInstanceOf(Uint8Array);
  });

  test('writes a Uint8Array that is no Buffer, and a part of a larger one, as the bytes that it shows', async () => {
    const key = newKey();
    await write(key, 'view', new Uint8Array([0, 255, 128, 0]).subarray(1, 3), new Uint8Array([110]), 'value');
    const fields = await driver.hgetall(key, true);
    expect([...(fields['view'] as Uint8Array)]).toEqual([255, 128]);
    expect(String(fields['n'])).toBe('value');
  });

  test.each([false, true])('keeps fields named like inherited properties as data (bytes: %s)', async (bytes) => {
    const key = newKey();
    await write(key, ...INHERITED.flatMap((name) => [name, `value of ${name}`]));
    const fields = await driver.hgetall(key, bytes);
    expect(Object.keys(fields).toSorted()).toEqual(INHERITED.toSorted());
    for (const name of INHERITED) {
      expect(String(Object.getOwnPropertyDescriptor(fields, name)?.value)).toBe(`value of ${name}`);
    }
    expect(Object.getPrototypeOf(fields)).not.toBeInstanceOf(Uint8Array);
  });

  test("rejects with the server's own error on another type", async () => {
    const key = newKey();
    await server.cli('SET', key, 'a string');
    await expect(driver.hgetall(key, false)).rejects.toThrow(/^WRONGTYPE /);
  });

  test('returns replies of scripts unchanged: numbers, text, null, lists', async () => {
    const source = "return {1, -2, 1700000000123, 'text', {'nested', 3, {}}, false, ARGV[1], KEYS[1], #KEYS}";
    const key = newKey();
    expect(await driver.evaluate(script(source), [key], ['ключ'], false)).toEqual([
      1,
      -2,
      1700000000123,
      'text',
      ['nested', 3, []],
      null,
      'ключ',
      key,
      1,
    ]);
  });

  test('returns replies of scripts as bytes, and numbers as numbers', async () => {
    const reply = await driver.evaluate(script('return {ARGV[1], 5, {ARGV[1]}}'), [newKey()], [NOT_UTF8], true);
    expect(reply).toEqual([NOT_UTF8, 5, [NOT_UTF8]]);
  });

  test('passes several keys of one slot', async () => {
    const keys = ['a', 'b', 'c'].map((name) => `{${kind.name}}:${name}`);
    expect(await driver.evaluate(script('return KEYS'), keys, ['x'], false)).toEqual(keys);
  });

  test('sends the source of a script that the server has forgotten, once', async () => {
    const source = script(`return {'${kind.name}', ARGV[1]}`);
    await server.cli('SCRIPT', 'FLUSH');
    await server.resetStats();
    for (const argument of ['first', 'second', 'third']) {
      expect(await driver.evaluate(source, [newKey()], [argument], false)).toEqual([kind.name, argument]);
    }
    const counts = await server.commandCounts();
    expect([counts.get('evalsha'), counts.get('eval')]).toEqual([3, 1]);
    await server.cli('SCRIPT', 'FLUSH');
    expect(await driver.evaluate(source, [newKey()], [NOT_UTF8], true)).toEqual([Buffer.from(kind.name), NOT_UTF8]);
  });

  test("rejects with a script's own error, and does not run it twice", async () => {
    const key = newKey();
    const failing = script("redis.call('HINCRBY', KEYS[1], 'runs', 1) return redis.error_reply('CUSTOM reason')");
    await expect(driver.evaluate(failing, [key], [], false)).rejects.toThrow(/^CUSTOM reason/);
    expect(await server.cli('HGET', key, 'runs')).toBe('1');
  });

  test('keeps text and bytes apart when commands overlap', async () => {
    const key = newKey();
    await write(key, 'field', 'value');
    const reads = Array.from({ length: 40 }, (_, index) => driver.hgetall(key, index % 2 === 0));
    const types = (await Promise.all(reads)).map((fields) => typeof fields['field']);
    expect(types).toEqual(Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? 'object' : 'string')));
  });

  test('answers a ping', async () => {
    await server.resetStats();
    await expect(driver.ping()).resolves.toBeUndefined();
    // A PING goes to all masters of a cluster of node-redis, and one of them would stand for all.
    if (kind.name.startsWith('a cluster of node-redis')) expect((await server.commandCounts()).has('ping')).toBe(false);
  });

  test('shows the servers that have the sessions, for any command', async () => {
    const servers = await driver.servers!();
    expect(servers.map(({ address }) => address)).toEqual([kind.cluster ? `127.0.0.1:${server.port}` : 'the server']);
    expect(await servers[0]!.send(['CONFIG', 'GET', 'port'])).toEqual(expect.anything());
    expect(await servers[0]!.send(['PING'])).toBe('PONG');
  });

  test('is left open: it is the application that closes its client', async () => {
    await driver.close();
    expect(given.isReady()).toBe(true);
    await driver.ping();
  });
});
