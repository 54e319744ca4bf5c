import { beforeEach, describe, expect, test, vi } from 'vitest';
import { SessionError } from '../../../src/errors.ts';
import { ResilientDriver } from '../../../src/stores/redis/connection/resilient-driver.ts';
import { ManagedConnection } from '../../../src/stores/redis/connection/managed-connection.ts';
import { FakeConnection, fakeConnections, REFUSED } from './fake-connection.ts';
import { ManualClock, settle } from './manual-clock.ts';

const WRONG = new Error('WRONGPASS invalid username-password pair or user is disabled.');

/** Milliseconds. */
const LONGEST_FIRST_DELAY = 10;

let clock: ManualClock;
let connections: FakeConnection[];
let driver: ResilientDriver;
const onOpen = vi.fn<(error: SessionError) => void>();
const onClose = vi.fn<() => void>();

beforeEach(async () => {
  clock = new ManualClock();
  onOpen.mockReset();
  onClose.mockReset();
  const { made, load } = fakeConnections();
  connections = made;
  driver = new ResilientDriver(new ManagedConnection(load, { address: 'localhost:6379', timeout: 2, clock }), {
    timeout: 2,
    clock,
    onOpen,
    onClose,
  });
  await settle();
});

async function failures(count: number): Promise<SessionError[]> {
  const commands = Array.from({ length: count }, () => driver.hgetall('key', false).catch((error: unknown) => error));
  await clock.pass(2_000);
  return (await Promise.all(commands)) as SessionError[];
}

describe('the resilient driver', () => {
  test('lets the first commands wait for the connection', async () => {
    const reading = driver.hgetall('key', false);
    await clock.pass(1_900);
    connections[0]!.events.ready();
    await expect(reading).resolves.toEqual({ field: 'value' });
  });

  test('says at the deadline why there is no connection, where that is known', async () => {
    connections[0]!.events.lost(REFUSED);
    const [error] = await failures(1);
    expect(error).toMatchObject({
      code: 'ERR_SESSION_STORE_UNAVAILABLE',
      message: 'Redis cannot be reached (ECONNREFUSED)',
      cause: { message: `Redis at localhost:6379: ${REFUSED.message}`, cause: REFUSED },
    });
  });

  test('names the address, in the cause alone, when there was no first connection in time', async () => {
    const [error] = await failures(1);
    expect(error).toMatchObject({
      code: 'ERR_SESSION_STORE_UNAVAILABLE',
      message: 'Redis cannot be reached: there was no connection within 2 s',
      cause: { message: expect.stringMatching(/^Redis at localhost:6379: /) as unknown },
    });
  });

  test('does not wait with a login that the server refuses, but for one that it accepts', async () => {
    const waiting = driver.hgetall('key', false).catch((error: unknown) => error);
    connections[0]!.events.lost(WRONG);
    const message = 'Redis refused the login: authentication failed; check `redis.username` and `redis.password`';
    expect(await waiting).toMatchObject({ code: 'ERR_SESSION_STORE_UNAVAILABLE', message });
    expect(await driver.ping().catch((error: unknown) => error)).toMatchObject({ message });
    await clock.pass(LONGEST_FIRST_DELAY);
    connections[1]!.events.ready();
    await expect(driver.hgetall('key', false)).resolves.toEqual({ field: 'value' });
  });

  test('quotes a server that refuses the connection in the cause alone', async () => {
    const reply = 'DENIED Redis on 10.0.0.7 is in protected mode';
    connections[0]!.events.lost(new Error(reply));
    const [error] = await failures(1);
    expect(error).toMatchObject({
      message: 'Redis refused the connection (DENIED)',
      cause: { message: `Redis at localhost:6379: ${reply}` },
    });
  });

  test('passes on mistakes of programs as they are, and opens no breaker for them', async () => {
    connections[0]!.events.ready();
    connections[0]!.answer = new TypeError('Invalid argument');
    for (const error of await failures(10)) expect(error).toBe(connections[0]!.answer);
    expect(onOpen).not.toHaveBeenCalled();
  });

  test('reports with a SessionError that the circuit has opened, and that it has closed', async () => {
    connections[0]!.events.ready();
    connections[0]!.answer = 'nothing';
    await failures(5);
    expect(onOpen).toHaveBeenCalledExactlyOnceWith(expect.any(SessionError));
    expect(onOpen.mock.calls[0]![0]).toMatchObject({
      code: 'ERR_SESSION_STORE_UNAVAILABLE',
      cause: expect.objectContaining({ code: 'ERR_SESSION_STORE_TIMEOUT' }) as unknown,
    });
    connections[0]!.answer = 'fields';
    await clock.pass(100);
    expect(onClose).toHaveBeenCalledOnce();
  });

  test('uses neither cache nor scan while the circuit is open', async () => {
    const inner = new FakeConnection({ ready: () => {}, lost: () => {} });
    const cached = { fields: {}, record: undefined };
    const open = new ResilientDriver(Object.assign(inner, { getCached: () => cached }), { timeout: 2, clock });
    expect(open.getCached('key', false)).toBe(cached);
    const pages = open.scan('*', 10)[Symbol.asyncIterator]();
    expect(await pages.next()).toEqual({ value: ['key'], done: false });
    inner.answer = 'nothing';
    const commands = Array.from({ length: 5 }, () => open.ping().catch(() => {}));
    await clock.pass(2_000);
    await Promise.all(commands);
    expect(open.getCached('key', false)).toBeUndefined();
    await expect(pages.next()).rejects.toMatchObject({ code: 'ERR_SESSION_STORE_UNAVAILABLE' });
    inner.answer = 'fields';
    await open.close();
  });

  test('has no servers to show where the driver has none', async () => {
    const inner = new FakeConnection({ ready: () => {}, lost: () => {} });
    expect(await new ResilientDriver(inner, { timeout: 2, clock }).servers()).toEqual([]);
  });

  test('takes any answer of the server to a probe for an answer', async () => {
    connections[0]!.events.ready();
    connections[0]!.answer = 'nothing';
    await failures(5);
    connections[0]!.answer = new Error('LOADING Redis is loading the dataset in memory');
    await clock.pass(100);
    expect(onClose).toHaveBeenCalledOnce();
  });

  test('works as soon as the connection is back, without waiting for the next probe', async () => {
    connections[0]!.events.ready();
    connections[0]!.events.lost(REFUSED);
    for (let i = 0; i < 5; i += 1) await driver.ping().catch(() => {});
    await clock.pass(1_000);
    expect(onOpen).toHaveBeenCalledOnce();
    connections.at(-1)!.events.ready();
    await settle();
    await expect(driver.hgetall('key', false)).resolves.toEqual({ field: 'value' });
  });

  test('replaces a connection that has fallen silent, and no longer listens to it', async () => {
    connections[0]!.events.ready();
    connections[0]!.answer = 'nothing';
    await failures(5);
    await clock.pass(2_100 + LONGEST_FIRST_DELAY);
    expect(connections).toHaveLength(2);
    expect(connections[0]!.destroy).toHaveBeenCalledOnce();
    connections[0]!.events.ready();
    await clock.pass(3_000);
    expect(onClose).not.toHaveBeenCalled();
    connections[1]!.events.ready();
    await settle();
    expect(onClose).toHaveBeenCalledOnce();
    await expect(driver.hgetall('key', false)).resolves.toEqual({ field: 'value' });
  });

  test('does not wait for ever for a server that hangs when it is closed', async () => {
    connections[0]!.events.ready();
    connections[0]!.answer = 'nothing';
    const closing = driver.close();
    await clock.pass(1_999);
    expect(connections[0]!.destroy).not.toHaveBeenCalled();
    await clock.pass(1);
    await closing;
    expect(connections[0]!.destroy).toHaveBeenCalledOnce();
  });

  test('fails every command after it was closed, and leaves no timer behind', async () => {
    connections[0]!.events.ready();
    await driver.close();
    const message = 'The connection to Redis was closed by the application';
    for (const error of await failures(10)) expect(error.message).toContain(message);
    await clock.pass(10_000);
    expect(clock.timers).toBe(0);
  });
});
