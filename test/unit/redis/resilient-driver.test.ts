import { beforeEach, describe, expect, test, vi } from 'vitest';
import { SessionError } from '../../../src/errors.ts';
import type { RedisDriver, ScriptReply } from '../../../src/stores/redis/driver.ts';
import { ResilientDriver } from '../../../src/stores/redis/connection/resilient-driver.ts';
import {
  ManagedConnection,
  type Link,
  type LinkEvents,
} from '../../../src/stores/redis/connection/managed-connection.ts';
import { ManualClock, settle } from './manual-clock.ts';

/** A link whose server does what the test says: answer, fail with an error, or nothing at all. */
class FakeLink implements Link, RedisDriver {
  readonly library = 'ioredis';
  readonly cluster = false;
  readonly driver = this;
  readonly events: LinkEvents;
  readonly abandon = vi.fn<() => void>();
  answer: 'fields' | 'nothing' | Error = 'fields';

  constructor(events: LinkEvents) {
    this.events = events;
  }

  async hgetall(): Promise<Record<string, string>> {
    return this.#answer({ field: 'value' });
  }

  async evaluate(): Promise<ScriptReply> {
    return this.#answer([1]);
  }

  async *scan(): AsyncGenerator<string[]> {
    yield await this.#answer(['key']);
  }

  async ping(): Promise<void> {
    return this.#answer(undefined);
  }

  async close(): Promise<void> {
    return this.#answer(undefined);
  }

  #answer<T>(value: T): Promise<T> {
    if (this.answer instanceof Error) return Promise.reject(this.answer);
    return this.answer === 'nothing' ? new Promise<T>(() => {}) : Promise.resolve(value);
  }
}

const REFUSED = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' });
const WRONG = new Error('WRONGPASS invalid username-password pair or user is disabled.');

let clock: ManualClock;
let links: FakeLink[];
let driver: ResilientDriver;
const onOpen = vi.fn<(error: SessionError) => void>();
const onClose = vi.fn<() => void>();

beforeEach(async () => {
  clock = new ManualClock();
  links = [];
  onOpen.mockReset();
  onClose.mockReset();
  const load = async (): Promise<(events: LinkEvents) => Link> => (events) => {
    const link = new FakeLink(events);
    links.push(link);
    return link;
  };
  driver = new ResilientDriver(new ManagedConnection(load, 2, clock), { timeout: 2, clock, onOpen, onClose });
  await settle();
});

async function failures(count: number): Promise<SessionError[]> {
  const commands = Array.from({ length: count }, () => driver.hgetall('key', false).catch((error: unknown) => error));
  await clock.pass(2_000);
  return (await Promise.all(commands)) as SessionError[];
}

describe('a guarded driver', () => {
  test('lets the first commands wait for the connection', async () => {
    const reading = driver.hgetall('key', false);
    await clock.pass(1_900);
    links[0]!.events.up();
    await expect(reading).resolves.toEqual({ field: 'value' });
  });

  test('says at the deadline why there is no connection, where that is known', async () => {
    links[0]!.events.down(REFUSED);
    const [error] = await failures(1);
    expect(error).toMatchObject({
      code: 'ERR_SESSION_STORE_UNAVAILABLE',
      message: 'Redis cannot be reached (ECONNREFUSED)',
      cause: REFUSED,
    });
  });

  test('does not wait with a login that the server refuses, but for one that it accepts', async () => {
    const waiting = driver.hgetall('key', false).catch((error: unknown) => error);
    links[0]!.events.down(WRONG);
    const message = 'Redis refused the login: authentication failed; check `redis.username` and `redis.password`';
    expect(await waiting).toMatchObject({ code: 'ERR_SESSION_STORE_UNAVAILABLE', message });
    expect(await driver.ping().catch((error: unknown) => error)).toMatchObject({ message });
    links[0]!.events.up();
    await expect(driver.hgetall('key', false)).resolves.toEqual({ field: 'value' });
  });

  test('passes on mistakes of programs as they are, and opens no breaker for them', async () => {
    links[0]!.events.up();
    links[0]!.answer = new TypeError('Invalid argument');
    for (const error of await failures(10)) expect(error).toBe(links[0]!.answer);
    expect(onOpen).not.toHaveBeenCalled();
  });

  test('tells with a SessionError that it has opened, and that it has closed', async () => {
    links[0]!.events.up();
    links[0]!.answer = 'nothing';
    await failures(5);
    expect(onOpen).toHaveBeenCalledExactlyOnceWith(expect.any(SessionError));
    expect(onOpen.mock.calls[0]![0]).toMatchObject({
      code: 'ERR_SESSION_STORE_UNAVAILABLE',
      cause: expect.objectContaining({ code: 'ERR_SESSION_STORE_TIMEOUT' }) as unknown,
    });
    links[0]!.answer = 'fields';
    await clock.pass(100);
    expect(onClose).toHaveBeenCalledOnce();
  });

  test('takes any answer of the server to a probe for an answer', async () => {
    links[0]!.events.up();
    links[0]!.answer = 'nothing';
    await failures(5);
    links[0]!.answer = new Error('LOADING Redis is loading the dataset in memory');
    await clock.pass(100);
    expect(onClose).toHaveBeenCalledOnce();
  });

  test('works as soon as the connection is back, without waiting for the next probe', async () => {
    links[0]!.events.up();
    links[0]!.events.down(REFUSED);
    links[0]!.answer = REFUSED;
    for (let i = 0; i < 5; i += 1) await driver.ping().catch(() => {});
    await clock.pass(1_000);
    expect(onOpen).toHaveBeenCalledOnce();
    links[0]!.answer = 'fields';
    links[0]!.events.up();
    await settle();
    await expect(driver.hgetall('key', false)).resolves.toEqual({ field: 'value' });
  });

  test('replaces a connection that has fallen silent, and no longer listens to it', async () => {
    links[0]!.events.up();
    links[0]!.answer = 'nothing';
    await failures(5);
    await clock.pass(2_100);
    expect(links).toHaveLength(2);
    expect(links[0]!.abandon).toHaveBeenCalledOnce();
    links[1]!.answer = REFUSED;
    links[0]!.events.up();
    await clock.pass(3_000);
    expect(onClose).not.toHaveBeenCalled();
    links[1]!.answer = 'fields';
    links[1]!.events.up();
    await settle();
    expect(onClose).toHaveBeenCalledOnce();
    await expect(driver.hgetall('key', false)).resolves.toEqual({ field: 'value' });
  });

  test('leaves a connection alone that is being tried again', async () => {
    links[0]!.events.up();
    links[0]!.answer = REFUSED;
    links[0]!.events.down(REFUSED);
    for (let i = 0; i < 5; i += 1) await driver.ping().catch(() => {});
    for (let i = 0; i < 30; i += 1) {
      await clock.pass(1_000);
      links[0]!.events.down(REFUSED);
    }
    expect(links).toHaveLength(1);
  });

  test('does not wait for ever for a server that hangs when it is closed', async () => {
    links[0]!.events.up();
    links[0]!.answer = 'nothing';
    const closing = driver.close();
    await clock.pass(1_999);
    expect(links[0]!.abandon).not.toHaveBeenCalled();
    await clock.pass(1);
    await closing;
    expect(links[0]!.abandon).toHaveBeenCalledOnce();
  });

  test('fails every command after it was closed, and leaves no timer behind', async () => {
    links[0]!.events.up();
    await driver.close();
    const message = 'The connection to Redis was closed by the application';
    for (const error of await failures(10)) expect(error.message).toContain(message);
    await clock.pass(10_000);
    expect(clock.timers).toBe(0);
  });
});
