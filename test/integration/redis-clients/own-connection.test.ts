import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RedisOptions } from '../../../src/stores/redis/options.ts';
import { ResilientDriver } from '../../../src/stores/redis/connection/resilient-driver.ts';
import type { ManagedConnection } from '../../../src/stores/redis/connection/managed-connection.ts';
import { certificate } from '../../support/certificate.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait-for.ts';
import { connectWith, libraries, WRITE } from './own.ts';

/** Loading a library for the first time can take seconds on a busy machine. */
const LONG_TIMEOUT = { socketTimeout: 20 };
const PASSWORD = 'p@ss/w:rd#%?';

let plain: RedisServer;
let locked: RedisServer;
let encrypted: RedisServer;

beforeAll(async () => {
  [plain, locked, encrypted] = await Promise.all([
    startRedis({ unixSocket: true }),
    startRedis({ password: PASSWORD }),
    startRedis({ tls: true }),
  ]);
  // What the store needs, and no more.
  await locked.cli('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+hgetall', '+evalsha', '+eval', '+hset', '+select');
});

afterAll(async () => {
  await Promise.all([plain?.stop(), locked?.stop(), encrypted?.stop()]);
});

describe.each(libraries)('with $name', (library) => {
  const open: ManagedConnection[] = [];
  const connect = (options: RedisOptions): ManagedConnection => {
    const driver = connectWith(library, { ...LONG_TIMEOUT, ...options });
    open.push(driver);
    return driver;
  };

  afterEach(async () => {
    await Promise.all(open.splice(0).map((driver) => driver.close()));
  });

  const ways: readonly [string, () => RedisServer, () => RedisOptions][] = [
    ['a URL', () => plain, () => ({ url: plain.url })],
    ['host and port', () => plain, () => ({ host: '127.0.0.1', port: plain.port })],
    ['a URL with a password', () => locked, () => ({ url: locked.url })],
    ['a password', () => locked, () => ({ host: '127.0.0.1', port: locked.port, password: PASSWORD })],
    [
      'an ACL user',
      () => locked,
      () => ({ host: '127.0.0.1', port: locked.port, username: 'app', password: 'secret' }),
    ],
    ['a URL with an ACL user', () => locked, () => ({ url: `redis://app:secret@127.0.0.1:${locked.port}` })],
    ['a Unix socket', () => plain, () => ({ unixSocketPath: plain.socketPath! })],
    ['a URL of a Unix socket', () => plain, () => ({ url: `unix://${plain.socketPath!}` })],
    ['TLS', () => encrypted, () => ({ host: '127.0.0.1', port: encrypted.port, tls: { ca: encrypted.ca! } })],
    ['a URL with TLS', () => encrypted, () => ({ url: encrypted.url, tls: { ca: encrypted.ca! } })],
  ];

  test.each(ways)('connects by %s', async (way, server, options) => {
    const driver = connect(options());
    const key = `${library.name}:${way}`;
    expect(await driver.evaluate(WRITE, [key], ['field', way], false)).toEqual([1]);
    expect({ ...(await driver.hgetall(key, false)) }).toEqual({ field: way });
    expect(await server().cli('HGET', key, 'field')).toBe(way);
    expect(driver.library).toBe(library.library === 'redis' ? 'node-redis' : 'ioredis');
  });

  test('names the host to a server with TLS, which may have a certificate for each of several', async () => {
    const { key, cert } = certificate();
    const names: unknown[] = [];
    const tlsServer = createServer({ key, cert }, (socket) => {
      names.push(socket.servername);
      socket.destroy();
    });
    tlsServer.listen(0, 'localhost');
    await once(tlsServer, 'listening');
    connect({ url: `rediss://localhost:${(tlsServer.address() as AddressInfo).port}`, tls: { ca: cert } });
    await waitFor('a connection', () => names.length > 0);
    expect(names[0]).toBe('localhost');
    tlsServer.close();
  });

  test.each([
    ['option', () => ({ port: plain.port, db: 3 })],
    ['URL', () => ({ url: `${plain.url}/3` })],
    ['URL of a socket', () => ({ url: `unix://${plain.socketPath!}?db=3` })],
  ])('uses the database that the %s names', async (way, options) => {
    const driver = connect(options());
    const key = `db of ${library.name} by ${way}`;
    await driver.evaluate(WRITE, [key], ['field', '1'], false);
    expect(await plain.cli('EXISTS', key)).toBe(0);
    await plain.cli('SELECT', '3');
    expect(await plain.cli('EXISTS', key)).toBe(1);
    await plain.cli('SELECT', '0');
  });

  test('stays in its database when it reconnects', async () => {
    const driver = connect({ port: plain.port, db: 4 });
    await driver.ping();
    const id = String(await plain.cli('CLIENT', 'LIST')).match(/id=(\d+) [^\n]* db=4 /)?.[1];
    await plain.cli('CLIENT', 'KILL', 'ID', id!);
    const key = `reconnected ${library.name}`;
    await waitFor('the reconnection', () => driver.evaluate(WRITE, [key], ['field', '1'], false).then(() => true));
    expect(await plain.cli('EXISTS', key)).toBe(0);
  });

  test('shows its server by its address, also before there is a connection', async () => {
    const driver = connectWith(library, { ...LONG_TIMEOUT, port: plain.port });
    for (const _ of ['before', 'after']) {
      const [shown, ...others] = await driver.servers();
      expect([shown!.address, await shown!.send(['PING']), others]).toEqual([`localhost:${plain.port}`, 'PONG', []]);
    }
    await driver.close();
  });

  test('the first commands wait for the first connection', async () => {
    const server = await startRedis();
    await server.kill();
    const driver = connect({ port: server.port });
    const [fields, reply] = [driver.hgetall('key', false), driver.evaluate(WRITE, ['key'], ['a', 'b'], false)];
    await waitFor('a refused attempt', () => driver.fault !== undefined);
    await server.start();
    expect([Object.keys(await fields), await reply]).toEqual([[], [1]]);
    await server.stop();
  });

  test('an address that cannot be reached is named in the cause alone, without user and password', async () => {
    const server = await startRedis({ unixSocket: true });
    await server.kill();
    const port = server.port;
    for (const [options, address] of [
      [{ url: `redis://some-user:some-password@127.0.0.1:${port}/1` }, `127.0.0.1:${port}`],
      [{ url: `redis://some-user:some-password@[::1]:${port}` }, `[::1]:${port}`],
      [{ unixSocketPath: server.socketPath! }, server.socketPath!],
    ] satisfies [RedisOptions, string][]) {
      const driver = new ResilientDriver(connect({ ...options, socketTimeout: 0.3 }), { timeout: 0.3 });
      const { message, cause } = await driver.ping().then(
        () => expect.unreachable('The command worked'),
        (error: unknown) => error as Error,
      );
      expect(message).toMatch(/^Redis cannot be reached/);
      expect(message).not.toContain(address);
      expect((cause as Error).message).toContain(`Redis at ${address}: `);
      expect(inspect(cause, { depth: 10, showHidden: true })).not.toMatch(/some-user|some-password/);
    }
    await server.stop();
  });

  test('closing ends the connection, and the commands after it', async () => {
    const driver = connect({ url: plain.url, db: 5 });
    const last = driver.ping();
    await last;
    const under = driver.evaluate(WRITE, ['under way'], ['a', 'b'], false);
    await driver.close();
    await expect(under).resolves.toEqual([expect.any(Number)]);
    await expect(driver.ping()).rejects.toThrow(/closed by the application/);
    await waitFor('the connection to end', async () => !/ db=5 /.test(String(await plain.cli('CLIENT', 'LIST'))));
  });

  test('closing stops the attempts to connect', async () => {
    const server = await startRedis();
    await server.kill();
    const driver = connect({ port: server.port });
    const waiting = driver.ping();
    await waitFor('a refused attempt', () => driver.fault !== undefined);
    await Promise.all([driver.close(), expect(waiting).rejects.toThrow(/closed by the application/)]);
    await server.start();
    // Longer than it would wait between two attempts.
    await expect(waitFor('a connection', () => driver.fault === undefined, 1_500)).rejects.toThrow(/in vain/);
    expect(
      String(await server.cli('CLIENT', 'LIST'))
        .trim()
        .split('\n'),
    ).toHaveLength(1);
    await server.stop();
  });
});

describe.each(libraries.filter(({ library }) => library === 'redis'))('a pool of $name', (library) => {
  const connections = async (): Promise<number> =>
    String(await plain.cli('CLIENT', 'LIST'))
      .split('\n')
      .filter((line) => line.includes(' db=6 ')).length;

  test('opens no more connections than allowed, and serves more commands than that at once', async () => {
    const driver = connectWith(library, { ...LONG_TIMEOUT, port: plain.port, db: 6, pool: { min: 2, max: 3 } });
    await driver.ping();
    expect(await connections()).toBe(2);
    const key = `pool of ${library.name}`;
    await driver.evaluate(WRITE, [key], ['field', 'value'], false);
    const reads = await Promise.all(Array.from({ length: 50 }, () => driver.hgetall(key, false)));
    expect(reads.every((fields) => fields['field'] === 'value')).toBe(true);
    expect(await connections()).toBeLessThanOrEqual(3);
    await driver.close();
    await waitFor('the pool to end', async () => (await connections()) === 0);
  });
});

describe.each(libraries.filter(({ library }) => library === 'redis'))(
  'a pool of $name whose server is away',
  (library) => {
    test('connects when the server comes, and again when it comes back', async ({ onTestFinished }) => {
      const server = await startRedis();
      const { port } = server;
      await server.kill();
      const driver = connectWith(library, { ...LONG_TIMEOUT, host: '127.0.0.1', port, pool: { min: 2, max: 2 } });
      onTestFinished(async () => {
        await driver.close();
        await server.stop();
      });
      for (const _ of ['at first', 'later']) {
        await waitFor(
          'a failed attempt',
          () => (driver.fault as { code?: string } | undefined)?.code === 'ECONNREFUSED',
        );
        await server.restart();
        await waitFor('the connection', () => driver.ping().then(() => true));
        expect(driver.fault).toBeUndefined();
        await server.kill();
      }
      await waitFor('the end of the pool', () => !driver.isReady);
      await server.restart();
    });
  },
);

describe.each(libraries.filter(({ library }) => library === 'ioredis'))('$name', (library) => {
  test.each([['pool', { pool: {} }] as const, ['cache', { cache: true }] as const])(
    'has no %s, and says so at once',
    (name, options) => {
      expect(() => connectWith(library, options)).toThrow(
        new TypeError(
          `Expected \`redis.${name}\` to be unset with ioredis, which has no such thing. ` +
            'Leave it out, or install `redis` (npm install redis)',
        ),
      );
    },
  );
});
