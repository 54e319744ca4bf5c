import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { SessionError } from '../../../src/errors.ts';
import { ResilientDriver } from '../../../src/stores/redis/connection/resilient-driver.ts';
import type { RedisOptions } from '../../../src/stores/redis/options.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait-for.ts';
import { FaultyProxy } from './faulty-proxy.ts';
import { connectWith, libraries, WRITE } from './own.ts';

/** Seconds. */
const TIMEOUT = 0.25;

const unhandled: unknown[] = [];
const warnings: Error[] = [];
const warn = (warning: Error): void => void warnings.push(warning);
const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
const note = (reason: unknown): void => void unhandled.push(reason);
let server: RedisServer;

beforeAll(async () => {
  process.on('unhandledRejection', note);
  process.on('warning', warn);
  server = await startRedis();
});

afterAll(async () => {
  process.off('unhandledRejection', note);
  process.off('warning', warn);
  complaints.mockRestore();
  await server?.stop();
});

async function failure(command: Promise<unknown>): Promise<SessionError> {
  const error = await command.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SessionError);
  return error as SessionError;
}

describe.each(libraries)('with $name', (library) => {
  const open: ResilientDriver[] = [];

  function connect(options: RedisOptions, hooks: { onOpen?: () => void; onClose?: () => void } = {}): ResilientDriver {
    const own = connectWith(library, { host: '127.0.0.1', socketTimeout: TIMEOUT, ...options });
    const driver = new ResilientDriver(own, { timeout: options.socketTimeout ?? TIMEOUT, ...hooks });
    open.push(driver);
    return driver;
  }

  const answers = (driver: ResilientDriver): Promise<boolean> => driver.ping().then(() => true);
  const connected = (driver: ResilientDriver): Promise<boolean> => waitFor('the connection', () => answers(driver));

  afterEach(async () => {
    if (server.running) server.resume();
    else await server.restart();
    await Promise.all(open.splice(0).map((driver) => driver.close()));
  });

  test('a command that is not answered is rejected at its deadline, and the next one works', async () => {
    const driver = connect({ port: server.port });
    await connected(driver);
    server.pause();
    const start = performance.now();
    const error = await failure(driver.hgetall('key', false));
    const took = performance.now() - start;
    expect(error.code).toBe('ERR_SESSION_STORE_TIMEOUT');
    expect(error.status).toBe(503);
    expect(error.message).toMatch(/^Redis did not answer within 0.25 s; .*`redis.socketTimeout`$/);
    expect(took).toBeGreaterThan(TIMEOUT * 1000 - 2);
    expect(took).toBeLessThan(TIMEOUT * 1000 + 1_000);
    server.resume();
    expect(Object.keys(await driver.hgetall('key', false))).toEqual([]);
  });

  test('a server that hangs opens the breaker, which closes when the server answers again', async () => {
    const [onOpen, onClose] = [vi.fn<() => void>(), vi.fn<() => void>()];
    const driver = connect({ port: server.port }, { onOpen, onClose });
    await connected(driver);
    server.pause();
    const first = await Promise.all(Array.from({ length: 8 }, () => failure(driver.hgetall('key', false))));
    expect(new Set(first.map(({ code }) => code))).toEqual(new Set(['ERR_SESSION_STORE_TIMEOUT']));
    expect(onOpen).toHaveBeenCalledOnce();
    const start = performance.now();
    const refused = await Promise.all(Array.from({ length: 100 }, () => failure(driver.hgetall('key', false))));
    expect(performance.now() - start).toBeLessThan(TIMEOUT * 1000);
    expect(refused[0]?.code).toBe('ERR_SESSION_STORE_UNAVAILABLE');
    expect(refused[0]?.message).toMatch(
      /^Redis has not answered for \d+\.\d s.*; requests fail at once until it does$/,
    );
    expect(refused[0]?.cause).toBeInstanceOf(Error);
    server.resume();
    await waitFor('the breaker to close', () => onClose.mock.calls.length === 1);
    expect(Object.keys(await driver.hgetall('key', false))).toEqual([]);
    expect([onOpen.mock.calls.length, onClose.mock.calls.length]).toEqual([1, 1]);
  });

  test('a server that crashes makes commands fail at once, and is connected to when it is back', async () => {
    const driver = connect({ port: server.port });
    await connected(driver);
    server.pause();
    const underWay = [
      failure(driver.hgetall('key', false)),
      failure(driver.evaluate(WRITE, ['key'], ['a', 'b'], false)),
    ];
    await server.kill();
    for (const error of await Promise.all(underWay)) expect(error.code).toMatch(/^ERR_SESSION_STORE_/);
    const start = performance.now();
    const error = await failure(driver.evaluate(WRITE, ['key'], ['a', 'b'], false));
    expect(performance.now() - start).toBeLessThan(TIMEOUT * 1000);
    expect(error.code).toBe('ERR_SESSION_STORE_UNAVAILABLE');
    expect(error.message).toMatch(/^Redis cannot be reached|^Redis has not answered/);
    expect(error.cause).toBeInstanceOf(Error);
    await server.restart();
    await connected(driver);
    expect(Object.keys(await driver.hgetall('key', false))).toEqual([]);
  });

  test('a server that is never there: commands wait out their time and say why, and the breaker opens', async () => {
    await server.kill();
    const onOpen = vi.fn<() => void>();
    const driver = connect({ port: server.port, socketTimeout: 0.5 }, { onOpen });
    const errors = await Promise.all(Array.from({ length: 5 }, () => failure(driver.hgetall('key', false))));
    expect(errors.map(({ code }) => code)).toEqual(Array.from({ length: 5 }, () => 'ERR_SESSION_STORE_UNAVAILABLE'));
    expect(errors[0]?.message).toBe('Redis cannot be reached (ECONNREFUSED)');
    expect(errors[0]?.cause).toMatchObject({
      message: expect.stringMatching(`^Redis at 127.0.0.1:${server.port}: `) as unknown,
      cause: { code: 'ECONNREFUSED' },
    });
    expect(onOpen).toHaveBeenCalledOnce();
    await server.restart();
    await connected(driver);
  });

  test('what was reported as failed before the first connection is not written after it', async () => {
    await server.kill();
    const driver = connect({ port: server.port });
    const error = await failure(driver.evaluate(WRITE, ['late'], ['field', 'late'], false));
    expect(error.code).toBe('ERR_SESSION_STORE_UNAVAILABLE');
    await server.restart();
    await connected(driver);
    expect(await server.cli('EXISTS', 'late')).toBe(0);
  });

  test('a wrong password is reported without quoting it, and works once the server has it', async () => {
    const locked = await startRedis({ password: 'right' });
    const driver = connect({ port: locked.port, password: 'wr0ng-s3cret', socketTimeout: 5 });
    const start = performance.now();
    const errors = [await failure(driver.hgetall('key', false))];
    expect(performance.now() - start).toBeLessThan(2_000);
    await waitFor('more attempts', async () => {
      errors.push(await failure(driver.hgetall('key', false)));
      const counts = await locked.commandCounts();
      return (counts.get('auth') ?? 0) + (counts.get('hello') ?? 0) >= 4;
    });
    for (const error of errors) {
      expect(error.code).toBe('ERR_SESSION_STORE_UNAVAILABLE');
      expect(error.message).toMatch(/authentication failed; check `redis.username` and `redis.password`/);
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('wr0ng-s3cret');
    }
    await locked.cli('CONFIG', 'SET', 'requirepass', 'wr0ng-s3cret');
    await waitFor('the login', () => answers(driver));
    await locked.stop();
  });

  test('a certificate that is not trusted is named as such', async () => {
    const encrypted = await startRedis({ tls: true });
    const driver = connect({ port: encrypted.port, tls: true, socketTimeout: 1 });
    const error = await failure(driver.hgetall('key', false));
    expect(error.message).toBe('Redis cannot be reached (DEPTH_ZERO_SELF_SIGNED_CERT)');
    expect((error.cause as Error).message).toContain(`Redis at 127.0.0.1:${encrypted.port}: `);
    await encrypted.stop();
  });

  test('a connection that died unnoticed is replaced', async () => {
    const proxy = await FaultyProxy.to(server.port);
    const driver = connect({ port: proxy.port });
    await connected(driver);
    proxy.blackHole();
    await Promise.all(Array.from({ length: 5 }, () => failure(driver.ping())));
    await waitFor('another connection', () => answers(driver));
    expect(proxy.accepted).toBe(2);
    proxy.close();
  });

  test('an attempt to connect that gets no answer is abandoned', async () => {
    const proxy = await FaultyProxy.to(server.port);
    const driver = connect({ port: proxy.port });
    await connected(driver);
    proxy.silent = true;
    proxy.blackHole();
    await Promise.all(Array.from({ length: 5 }, () => failure(driver.ping())));
    await waitFor('an attempt', () => proxy.accepted === 2);
    proxy.silent = false;
    await waitFor('another connection', () => answers(driver));
    expect(proxy.accepted).toBe(3);
    proxy.close();
  });
});

test('nothing of all this was left unhandled, warned of, or complained about on the console', () => {
  expect(warnings).toEqual([]);
  expect(unhandled).toEqual([]);
  expect(complaints.mock.calls).toEqual([]);
});
