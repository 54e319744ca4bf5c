import { describe, expect, test, vi } from 'vitest';
import { MemoryStore } from 'websauna-session/memory';
import type { SessionStore } from 'websauna-session/store';
import type { SessionContext } from '../../../src/engine/context.ts';
import { RequestStore } from '../../../src/engine/request-store.ts';

const SERVER_TIME = 1_700_000_000_000;

function requestStore(storeFor: (request: unknown) => SessionStore | Promise<SessionStore>): RequestStore {
  return new RequestStore({ storeFor } as SessionContext, 'the request');
}

describe('the store of a request', () => {
  test('is asked for once, by the request', () => {
    const store = new MemoryStore();
    const storeFor = vi.fn<(request: unknown) => SessionStore>(() => store);
    const asked = requestStore(storeFor);
    expect([asked.connect(), asked.connect()]).toEqual([store, store]);
    expect(storeFor.mock.calls).toEqual([['the request']]);
  });

  test('is known without waiting once it has been waited for', async () => {
    const store = new MemoryStore();
    const asked = requestStore(() => Promise.resolve(store));
    expect(asked.connect()).toBeInstanceOf(Promise);
    expect(await asked.connect()).toBe(store);
    expect(asked.connect()).toBe(store);
  });

  test('is asked for again when it could not be had', async () => {
    const store = new MemoryStore();
    let down = true;
    const asked = requestStore(async () => {
      if (down) throw new Error('no connection');
      return store;
    });
    await expect(asked.connect()).rejects.toThrow('no connection');
    down = false;
    expect(await asked.connect()).toBe(store);
  });
});

describe('the clock of a request', () => {
  const store = (): MemoryStore => new MemoryStore({ now: () => SERVER_TIME });

  test("is the process's own until the store has answered", () => {
    const asked = requestStore(store);
    expect(Math.abs(asked.now - Date.now())).toBeLessThan(1000);
    expect(asked.answeredAt).toBe(0);
  });

  test("is the store's from its first answer on, and goes on between answers", () => {
    const monotonic = vi.spyOn(performance, 'now').mockReturnValue(500);
    const asked = requestStore(store);
    asked.observeClock(SERVER_TIME);
    monotonic.mockReturnValue(750);
    expect([asked.now, asked.answeredAt]).toEqual([SERVER_TIME + 250, SERVER_TIME]);
    asked.observeClock(SERVER_TIME + 9000);
    expect([asked.now, asked.answeredAt]).toEqual([SERVER_TIME + 9000, SERVER_TIME + 9000]);
    monotonic.mockRestore();
  });

  test('is asked for where no answer has included it, and only there', async () => {
    const asked = requestStore(store);
    await asked.ensureClock();
    expect(asked.answeredAt).toBe(SERVER_TIME);
    asked.observeClock(SERVER_TIME + 1000);
    await asked.ensureClock();
    expect(asked.answeredAt).toBe(SERVER_TIME + 1000);
  });
});
