import { vi } from 'vitest';
import type { Connection, ConnectionEvents, OpenConnection } from '../../../src/stores/redis/connection/connection.ts';
import type { RedisDriver, ScriptReply } from '../../../src/stores/redis/driver.ts';

/** A connection whose server does what the test says: answer, fail with an error, or nothing at all. */
export class FakeConnection implements Connection, RedisDriver {
  readonly library = 'ioredis';
  readonly cluster = false;
  readonly driver = this;
  readonly events: ConnectionEvents;
  readonly destroy = vi.fn<() => void>();
  answer: 'fields' | 'nothing' | Error | Promise<never> = 'fields';
  commands = 0;

  constructor(events: ConnectionEvents) {
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
    this.commands += 1;
    if (this.answer instanceof Promise) return this.answer;
    if (this.answer instanceof Error) return Promise.reject(this.answer);
    return this.answer === 'nothing' ? new Promise<T>(() => {}) : Promise.resolve(value);
  }
}

/** Opens fake connections, and remembers them in order. */
export function fakeConnections(): { readonly made: FakeConnection[]; readonly load: () => Promise<OpenConnection> } {
  const made: FakeConnection[] = [];
  const open: OpenConnection = (events) => {
    const connection = new FakeConnection(events);
    made.push(connection);
    return connection;
  };
  return { made, load: () => Promise.resolve(open) };
}

export const REFUSED: Error = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' });
