import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { createClient } from 'redis';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort, startRedis, startReplica, type RedisOptions, type RedisServer } from './redis-server.ts';
import { ReplyError } from './resp.ts';
import { waitFor } from './wait-for.ts';

const started: RedisServer[] = [];

async function redis(options?: RedisOptions): Promise<RedisServer> {
  const server = await startRedis(options);
  started.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

describe('a Redis server of the tests', () => {
  test('answers on its own port, from its own folder, without persistence', async () => {
    const server = await redis();
    expect(await server.cli('PING')).toBe('PONG');
    expect(server.url).toBe(`redis://127.0.0.1:${server.port}`);
    expect(await server.cli('CONFIG', 'GET', 'dir')).toEqual(['dir', server.dir]);
    expect(await server.cli('CONFIG', 'GET', 'save')).toEqual(['save', '']);
  });

  test('returns replies of every type, and errors as rejections', async () => {
    const server = await redis();
    expect(await server.cli('SET', 'ключ', 'žluťoučký\r\nkůň')).toBe('OK');
    expect(await server.cli('GET', 'ключ')).toBe('žluťoučký\r\nkůň');
    expect(await server.cli('GET', 'none')).toBeNull();
    expect(await server.cli('STRLEN', 'ключ')).toBe(20);
    expect(await server.cli('EVAL', "return {1, {'two', {}}, false}", '0')).toEqual([1, ['two', []], null]);
    await expect(server.cli('INCR', 'ключ')).rejects.toBeInstanceOf(ReplyError);
    expect(await server.cli('EVAL', "return string.rep('x', 300000)", '0')).toHaveLength(300_000);
  });

  test('several at once have different ports and processes', async () => {
    const servers = await Promise.all([redis(), redis(), redis()]);
    expect(new Set(servers.map(({ port }) => port)).size).toBe(3);
    expect(new Set(servers.map(({ pid }) => pid)).size).toBe(3);
  });

  test('takes directives and arguments', async () => {
    const server = await redis({ config: { maxmemory: '5mb', save: '900 1' }, args: ['--databases', '3'] });
    expect(await server.cli('CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', '5242880']);
    expect(await server.cli('CONFIG', 'GET', 'save')).toEqual(['save', '900 1']);
    expect(await server.cli('CONFIG', 'GET', 'databases')).toEqual(['databases', '3']);
  });

  test('says why it does not start', async () => {
    await expect(startRedis({ config: { 'no-such-directive': '1' } })).rejects.toThrow(/no-such-directive/);
  });

  test('serves a client with a password, over TLS and over a Unix socket', async () => {
    const server = await redis({ password: 'pass "word"', tls: true, unixSocket: true });
    expect(await server.cli('PING')).toBe('PONG');
    const overTls = createClient({ url: server.url, socket: { tls: true, ca: server.ca ?? '' } });
    const overSocket = createClient({
      password: server.password ?? '',
      socket: { path: server.socketPath ?? '', tls: false },
    });
    await Promise.all([overTls.connect(), overSocket.connect()]);
    expect(await overTls.ping()).toBe('PONG');
    expect(await overSocket.ping()).toBe('PONG');
    for (const client of [overTls, overSocket]) client.destroy();
    const anonymous = createClient({ socket: { path: server.socketPath ?? '', tls: false } });
    await expect(anonymous.connect()).rejects.toThrow(/NOAUTH/);
  });
});

describe('command counts', () => {
  test('leave out what the test itself sends', async () => {
    const server = await redis();
    const client = createClient({ url: server.url });
    await client.connect();
    await server.resetStats();
    expect(await server.commandCounts()).toEqual(new Map());
    await client.set('a', '1');
    await client.get('a');
    await client.get('a');
    await client.configGet('save');
    await server.cli('GET', 'a');
    await server.cli('CONFIG', 'GET', 'save');
    const counts = new Map([
      ['set', 1],
      ['get', 2],
      ['config|get', 1],
    ]);
    expect(await server.commandCounts()).toEqual(counts);
    expect(await server.commandCounts()).toEqual(counts);
    await client.eval("return redis.call('GET', 'a')");
    expect(await server.commandCounts()).toEqual(new Map([...counts, ['get', 3], ['eval', 1]]));
    await server.resetStats();
    expect(await server.commandCounts()).toEqual(new Map());
    client.destroy();
  });
});

describe('the life of a server', () => {
  test('stop ends the process and removes the folder', async () => {
    const server = await redis();
    const { pid, dir } = server;
    await server.stop();
    expect(server.running).toBe(false);
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    expect(existsSync(dir)).toBe(false);
    await expect(server.cli('PING')).rejects.toThrow(/ECONNREFUSED/);
  });

  test('kill loses what is not persisted, and restart comes back on the same port', async () => {
    const server = await redis();
    const { port, pid } = server;
    await server.cli('SET', 'a', '1');
    await server.kill();
    await server.restart();
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
    expect(await server.cli('GET', 'a')).toBeNull();
  });

  test('restart keeps what is persisted', async () => {
    const server = await redis({ config: { appendonly: 'yes' } });
    await server.cli('SET', 'a', '1');
    await server.restart();
    expect(await server.cli('GET', 'a')).toBe('1');
  });

  test('pause holds the answers back until resume', async () => {
    const server = await redis();
    const other = await redis();
    await server.cli('PING');
    server.pause();
    let answer: unknown;
    const late = server.cli('PING').then((reply) => {
      answer = reply;
    });
    for (let i = 0; i < 200; i += 1) await other.cli('PING');
    expect(answer).toBeUndefined();
    server.resume();
    await late;
    expect(answer).toBe('PONG');
  });

  test('a paused server can be stopped', async () => {
    const server = await redis();
    server.pause();
    await server.stop();
    expect(server.running).toBe(false);
  });

  test('a port that someone else holds is not mistaken for the server', async () => {
    const server = await redis();
    const { port } = server;
    await server.kill();
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    await expect(server.restart()).rejects.toThrow(/in use/i);
    other.close();
  });

  test('free ports leave room for the bus of a cluster', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
    expect(Math.max(...ports)).toBeLessThanOrEqual(55_535);
    expect(new Set(ports).size).toBe(ports.length);
  });
});

describe('a replica', () => {
  test.each([{}, { password: 'secret' }, { tls: true }])('follows its primary (%j)', async (options) => {
    const primary = await redis(options);
    const replica = await startReplica(primary);
    started.push(replica);
    await primary.cli('SET', 'a', '1');
    await waitFor('the copy', async () => (await replica.cli('GET', 'a')) === '1');
    await expect(replica.cli('SET', 'a', '2')).rejects.toThrow(/READONLY/);
  });
});
