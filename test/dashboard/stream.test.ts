import { MemoryStore } from 'websauna-session/memory';
import { afterEach, expect, it, vi } from 'vitest';
import { DashboardFixture } from './support.ts';

afterEach(() => void vi.useRealTimers());

const HALF_A_MINUTE_MS = 30_000;

/** Reads what has come so far; `null` at the end. */
async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | null> {
  const { done, value } = await reader.read();
  return done ? null : new TextDecoder().decode(value);
}

it('ends after half a minute for a visitor without a session, whose end cannot be reported', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  const site = new DashboardFixture({}, { canView: () => true });
  const reader = (await site.get('?page=stream')).body!.getReader();
  expect(await read(reader)).toBe(':\n\n');
  const end = read(reader);
  vi.advanceTimersByTime(HALF_A_MINUTE_MS - 1);
  await site.logIn('bea');
  expect(await end).toBe(':\n\n');
  expect(await read(reader)).toBe('event: change\ndata:\n\n');
  vi.advanceTimersByTime(1);
  expect(await read(reader)).toBeNull();
});

it('ends after half a minute where the store cannot report the end of a session', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  // As an application's own store that lacks the optional methods.
  const store = new Proxy(new MemoryStore(), {
    has: (target, name) => name !== 'watchEnds' && Reflect.has(target, name),
    get(target, name) {
      const member: unknown = name === 'watchEnds' ? undefined : Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  const site = new DashboardFixture({ store });
  const reader = (await site.get('?page=stream', await site.logIn('ada'))).body!.getReader();
  expect(await read(reader)).toBe(':\n\n');
  vi.advanceTimersByTime(HALF_A_MINUTE_MS);
  for (let last: string | null = ''; last !== null;) last = await read(reader);
});

it('reports several changes to a slow client at once', async () => {
  const site = new DashboardFixture();
  const ada = await site.logIn('ada');
  const reader = (await site.get('?page=stream', ada)).body!.getReader();
  expect(await read(reader)).toBe(':\n\n');
  for (const owner of ['bea', 'cy', 'dan']) await site.logIn(owner);
  await site.factory.owners.revoke('ada');
  const rest: string[] = [];
  for (let piece = await read(reader); piece !== null; piece = await read(reader)) rest.push(piece);
  expect(rest).toEqual(['event: change\ndata:\n\n']);
});
