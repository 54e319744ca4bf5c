import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  createSessionFactory,
  SessionError,
  type SessionFactory,
  type SessionOptions,
  type WebsaunaSession,
} from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import type { EndListener } from 'websauna-session/store';
import { plainStore } from '../../support/plain-store.ts';
import { Jar, visit, Visit } from '../../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;

/** A store whose reports can be lost. */
class LossyStore extends MemoryStore {
  readonly listeners = new Set<EndListener>();
  checked: number[] = [];
  lossy = false;

  override watchEnds(listener: EndListener): () => void {
    this.listeners.add(listener);
    const stop = super.watchEnds({
      ended: (handles, reason) => this.lossy || listener.ended(handles, reason),
      rekeyed: (handle, successor) => this.lossy || listener.rekeyed(handle, successor),
      resumed: () => listener.resumed(),
      failed: (error) => listener.failed(error),
    });
    return () => {
      this.listeners.delete(listener);
      stop();
    };
  }

  override async checkRecords(
    keys: Parameters<MemoryStore['checkRecords']>[0],
  ): ReturnType<MemoryStore['checkRecords']> {
    this.checked.push(keys.length);
    return super.checkRecords(keys);
  }
}

let store: LossyStore;
let factory: SessionFactory<Data>;
function make(options: Partial<SessionOptions<Data>> = {}): void {
  store = new LossyStore();
  factory = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options });
}
beforeEach(() => {
  // The clocks as well: sessions expire by them.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
  make();
});
afterEach(async () => {
  await factory.close();
  vi.useRealTimers();
});

async function loggedIn(owner = 'alice'): Promise<Jar> {
  const jar = new Jar();
  await visit(factory, jar, (session) => session.login(owner));
  return jar;
}

/** Opens the session of a request that goes on, as that of a socket. */
async function opened(jar: Jar): Promise<Session> {
  return (await Visit.open(factory, jar)).session;
}

/** Lets what is under way come to its end: looks, and reports. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

function reasonOf(signal: AbortSignal): string | undefined {
  if (!signal.aborted) return undefined;
  expect(signal.reason).toBeInstanceOf(SessionError);
  expect(signal.reason).toMatchObject({ code: 'ERR_SESSION_ENDED' });
  return (signal.reason as SessionError).reason;
}

describe('a signal is aborted when the session has ended in another request', () => {
  const ENDS: Readonly<Record<string, [reason: string, end: (jar: Jar, handle: string) => Promise<unknown>]>> = {
    'a logout': ['logout', (jar) => visit(factory, jar, (session) => session.logout())],
    'an invalidation': ['logout', (jar) => visit(factory, jar, (session) => session.invalidate())],
    'a revocation': ['revoked', () => factory.owners.revoke('alice')],
    'a revocation of one': ['revoked', (_, handle) => factory.owners.revokeSession('alice', handle)],
    'a tool': ['revoked', (_, handle) => factory.sessions.destroy(handle, { owner: 'alice' })],
    'a login as another owner': ['logout', (jar) => visit(factory, jar, (session) => session.login('bob'))],
    'a rotation without grace, which is followed': [
      'none',
      (jar) => visit(factory, jar, (s) => s.rotate({ grace: false })),
    ],
    'a rotation, which is followed': ['none', (jar) => visit(factory, jar, (session) => session.rotate())],
    'a login of the same owner, which is followed': ['none', (jar) => visit(factory, jar, (s) => s.login('alice'))],
  };
  test.each(Object.entries(ENDS))('%s', async (_, [reason, end]) => {
    const jar = await loggedIn();
    const session = await opened(jar);
    const { signal, handle } = session;
    expect(session.signal).toBe(signal);
    const reasons: string[] = [];
    session.onEnd((why) => reasons.push(why));
    const other = (await opened(await loggedIn('carol'))).signal;
    await settle();
    await end(jar, handle);
    await settle();
    if (reason === 'none') {
      expect(signal.aborted).toBe(false);
      expect(reasons).toEqual([]);
      await factory.owners.revoke('alice');
      await settle();
    }
    expect(reasonOf(signal)).toBe(reason === 'none' ? 'revoked' : reason);
    expect(reasons).toEqual([reasonOf(signal)]);
    expect(other.aborted).toBe(false);
  });
});

test('an eviction, and a first login, which gives the client another session', async () => {
  make({ maxSessionsPerOwner: 1 });
  const evicted = (await opened(await loggedIn())).signal;
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('cart', 1));
  const superseded = (await opened(jar)).signal;
  await settle();
  await visit(factory, jar, (session) => session.login('alice'));
  await settle();
  expect([reasonOf(evicted), reasonOf(superseded)]).toEqual(['evicted', 'superseded']);
});

test('what happened between the load of the session and the first use of its signal is not missed', async () => {
  const jar = await loggedIn();
  const [rotated, ended] = [await opened(jar), await opened(await loggedIn('bob'))];
  await opened(jar).then(({ signal }) => signal);
  await settle();
  await visit(factory, jar, (session) => session.rotate());
  await factory.owners.revoke('bob');
  await settle();
  const [first, second] = [rotated.signal, ended.signal];
  await settle();
  expect(first.aborted).toBe(false);
  expect(reasonOf(second)).toBe('unknown');
  await factory.owners.revoke('alice');
  await settle();
  expect(reasonOf(first)).toBe('revoked');
});

test('an end whose report is lost is noticed by the look every `watchInterval` seconds, 30 by default', async () => {
  const session = await opened(await loggedIn());
  const { signal } = session;
  await settle();
  store.lossy = true;
  await factory.owners.revoke('alice');
  await vi.advanceTimersByTimeAsync(29_900);
  await settle();
  expect(signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(200);
  await settle();
  expect(reasonOf(signal)).toBe('unknown');
});

test('rotations whose reports are lost are followed by a look', async () => {
  const jar = await loggedIn();
  const { signal } = await opened(jar);
  await settle();
  store.lossy = true;
  for (let i = 0; i < 3; i++) await visit(factory, jar, (session) => session.rotate());
  await vi.advanceTimersByTimeAsync(30_000);
  await settle();
  expect(signal.aborted).toBe(false);
  store.lossy = false;
  await factory.owners.revoke('alice');
  await settle();
  expect(reasonOf(signal)).toBe('revoked');
});

test('all are looked at when the store reports again after an interruption, which is an event once', async () => {
  const { signal } = await opened(await loggedIn());
  const operations: string[] = [];
  factory.on('storeError', ({ operation }) => operations.push(operation));
  await settle();
  store.lossy = true;
  await factory.owners.revoke('alice');
  for (const listener of store.listeners) listener.failed(new Error('cut'));
  for (const listener of store.listeners) listener.failed(new Error('still cut'));
  await settle();
  expect(signal.aborted).toBe(false);
  for (const listener of store.listeners) listener.resumed();
  await settle();
  expect(reasonOf(signal)).toBe('unknown');
  expect(operations).toEqual(['watch']);
});

test('an expiry is noticed within two seconds, and a session that is used goes on', async () => {
  make({ timeout: 100, touchInterval: 0, watchInterval: 1000 });
  const jar = await loggedIn();
  const { signal } = await opened(jar);
  await settle();
  await vi.advanceTimersByTimeAsync(80_000);
  await visit(factory, jar, (session) => session.get('a'));
  await vi.advanceTimersByTimeAsync(90_000);
  await settle();
  expect(signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(12_000);
  await settle();
  expect(reasonOf(signal)).toBe('expired');
});

test('the absolute timeout ends it too', async () => {
  make({ timeout: 100, absoluteTimeout: 150, touchInterval: 0, watchInterval: 1000 });
  const jar = await loggedIn();
  const { signal } = await opened(jar);
  await vi.advanceTimersByTimeAsync(80_000);
  await visit(factory, jar, (session) => session.get('a'));
  await settle();
  await vi.advanceTimersByTimeAsync(72_000);
  await settle();
  expect(reasonOf(signal)).toBe('expired');
});

test('a look asks `invalidateBefore`, once for each owner', async () => {
  let changed: Date | null = null;
  const asked: string[] = [];
  make({
    invalidateBefore: (owner) => {
      asked.push(owner);
      return owner === 'alice' ? changed : null;
    },
  });
  const [jar, other] = [await loggedIn(), await loggedIn('bob')];
  const signals = [(await opened(jar)).signal, (await opened(await loggedIn())).signal, (await opened(other)).signal];
  await settle();
  await vi.advanceTimersByTimeAsync(1000);
  changed = new Date();
  asked.length = 0;
  await vi.advanceTimersByTimeAsync(30_000);
  await settle();
  expect(asked.toSorted()).toEqual(['alice', 'bob']);
  expect(signals.map(reasonOf)).toEqual(['authentication-changed', 'authentication-changed', undefined]);
});

test('a failing look is an event, and the next one is made all the same', async () => {
  const { signal } = await opened(await loggedIn());
  await settle();
  store.lossy = true;
  await factory.owners.revoke('alice');
  const failing = vi.spyOn(store, 'checkRecords').mockRejectedValueOnce(new Error('away'));
  const operations: string[] = [];
  factory.on('storeError', ({ operation }) => operations.push(operation));
  await vi.advanceTimersByTimeAsync(30_000);
  await settle();
  expect(operations).toEqual(['watch']);
  expect(signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(30_000);
  await settle();
  expect(failing).toHaveBeenCalledTimes(2);
  expect(reasonOf(signal)).toBe('unknown');
});

test('10,000 watches are looked at together, once for each session, and leave nothing when they are stopped', async () => {
  const jars = await Promise.all(Array.from({ length: 100 }, (_, i) => loggedIn(`owner ${i}`)));
  const stops: (() => void)[] = [];
  for (let i = 0; i < 10_000; i++) stops.push((await opened(jars[i % 100]!)).onEnd(() => {}));
  await settle();
  store.checked = [];
  await vi.advanceTimersByTimeAsync(30_000);
  await settle();
  expect(store.checked).toEqual([100]);
  for (const stop of stops) stop();
  store.checked = [];
  await vi.advanceTimersByTimeAsync(90_000);
  await settle();
  expect(store.checked).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a watch stops when the response is closed', async () => {
  const jar = await loggedIn();
  let close: (() => void) | undefined;
  const exchange = {
    method: 'GET',
    url: '/',
    secure: false,
    clientAddress: null,
    request: {},
    header: (name: string) => (name === 'cookie' ? jar.header : undefined),
    onClose: (callback: () => void) => (close = callback),
  };
  const { signal } = await factory.load(exchange);
  await settle();
  close!();
  expect(vi.getTimerCount()).toBe(0);
  await factory.owners.revoke('alice');
  await settle();
  expect(signal.aborted).toBe(false);
});

test('where the request has a signal, the watch stops with it', async () => {
  const jar = await loggedIn();
  const controller = new AbortController();
  const request = { signal: controller.signal };
  const header = (name: string): string | undefined => (name === 'cookie' ? jar.header : undefined);
  const exchange = { method: 'GET', url: '/', secure: false, clientAddress: null, request, header };
  const session = await factory.load(exchange);
  const { signal } = session;
  controller.abort();
  expect(vi.getTimerCount()).toBe(0);
  expect(signal.aborted).toBe(false);
});

test('a session that is not stored has no end to wait for, and one that is lost has ended', async () => {
  const session = await opened(new Jar());
  expect(() => session.signal).toThrow(/Expected the session to be stored/);
  expect(() => session.onEnd(() => {})).toThrow(TypeError);
  const jar = await loggedIn();
  const lost = await opened(jar);
  await factory.owners.revoke('alice');
  await lost.reload();
  expect(reasonOf(lost.signal)).toBe('unknown');
  const reasons: string[] = [];
  lost.onEnd((reason) => reasons.push(reason));
  expect(reasons).toEqual(['unknown']);
  expect(() => lost.onEnd(undefined as never)).toThrow(/Expected `callback`/);
});

test('after a login in the same request the signal is that of the new session', async () => {
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('a', 1));
  const request = await Visit.open(factory, jar);
  const { session } = request;
  const before = session.signal;
  session.login('alice');
  await session.save();
  await settle();
  expect(reasonOf(before)).toBe('superseded');
  const { signal } = session;
  expect(signal.aborted).toBe(false);
  await factory.owners.revoke('alice');
  await settle();
  expect(reasonOf(signal)).toBe('revoked');
});

test('a store that cannot report ends says so', async () => {
  const plain = plainStore(new MemoryStore());
  factory = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store: plain });
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('a', 1));
  const session = await opened(jar);
  expect(() => session.signal).toThrow(expect.objectContaining({ code: 'ERR_SESSION_UNSUPPORTED' }));
});

test('a callback that throws does not keep others from being called', async () => {
  const jar = await loggedIn();
  const thrown = once(process, 'uncaughtException');
  const listeners = process.listeners('uncaughtException');
  for (const listener of listeners.slice(0, -1)) process.off('uncaughtException', listener);
  const session = await opened(jar);
  const reasons: string[] = [];
  session.onEnd(() => {
    throw new Error('mine');
  });
  session.onEnd((reason) => reasons.push(reason));
  await factory.owners.revoke('alice');
  const [error] = (await thrown) as [Error];
  for (const listener of listeners.slice(0, -1)) process.on('uncaughtException', listener);
  assert.equal(error.message, 'mine');
  expect(reasons).toEqual(['revoked']);
});

test('a full memory store ends the session that was used longest ago, and says so', async () => {
  store = new LossyStore({ maxSessions: 1 });
  factory = createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store });
  const { signal } = await opened(await loggedIn());
  await settle();
  await loggedIn('bob');
  await settle();
  expect(reasonOf(signal)).toBe('evicted');
});

test('an expiry that another request meets is reported at once', async () => {
  make({ timeout: 100, touchInterval: 0 });
  const jar = await loggedIn();
  const session = await opened(jar);
  const { signal } = session;
  await settle();
  vi.setSystemTime(Date.now() + 200_000);
  await opened(jar);
  await settle();
  expect(reasonOf(signal)).toBe('expired');
});

test('the answer of a look is not taken for that of the handle which a rotation has brought meanwhile', async () => {
  const jar = await loggedIn();
  const { signal } = await opened(jar);
  await settle();
  let answer: (checks: Awaited<ReturnType<MemoryStore['checkRecords']>>) => void = () => {};
  vi.spyOn(store, 'checkRecords').mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
  await vi.advanceTimersByTimeAsync(30_000);
  await settle();
  await visit(factory, jar, (session) => session.rotate());
  await settle();
  answer({ records: [{ status: 'ended', reason: 'unknown' }], now: Date.now() });
  await settle();
  expect(signal.aborted).toBe(false);
});
