// What a save writes once, and what it leaves to others.
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import type { RecordChange } from 'websauna-session/store';
import { type Jar, startSession, visit, Visit } from '../../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;

/** A store that keeps what saves have asked for. */
class RecordingStore extends MemoryStore {
  readonly saves: RecordChange[] = [];

  override async save(...args: Parameters<MemoryStore['save']>): ReturnType<MemoryStore['save']> {
    this.saves.push(args[1]);
    return await super.save(...args);
  }
}

let now: number;
let store: RecordingStore;
let factory: SessionFactory<Data>;
const open = (options: Partial<SessionOptions<Data>> = {}): SessionFactory<Data> =>
  createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options });
beforeEach(() => {
  now = 1_700_000_000_000;
  store = new RecordingStore({ now: () => now });
  factory = open();
});

const started = (act?: (session: Session) => unknown): Promise<Jar> => startSession(factory, act);

describe('the first use of the id of a rotation', () => {
  async function rotated(): Promise<Jar> {
    const jar = await started();
    await visit(factory, jar, (session) => session.rotate());
    store.saves.length = 0;
    return jar;
  }

  test('confirms it, with a write of its own where there is no other', async () => {
    const jar = await rotated();
    await visit(factory, jar, (session) => session.get('a'));
    expect(store.saves).toMatchObject([{ confirmsCookie: true, cookieAttributes: null }]);
    await visit(factory, jar, (session) => session.get('a'));
    expect(store.saves.length).toBe(1);
  });

  test('confirms it once, however often its request saves', async () => {
    const jar = await rotated();
    await visit(factory, jar, async (session) => {
      await session.set('b', 1).save();
      await session.set('b', 2).save();
    });
    expect(store.saves.map(({ confirmsCookie }) => confirmsCookie)).toEqual([true, false]);
  });
});

describe('a cookie that is due', () => {
  test('is renewed by one write, with the response', async () => {
    factory = open({ cookie: { maxAge: 1200 }, timeout: 1200, touchInterval: 300 });
    const jar = await started();
    store.saves.length = 0;
    now += 200_000;
    expect((await (await Visit.open(factory, jar)).end()).cookies.length).toBe(1);
    expect(store.saves).toMatchObject([{ cookieAttributes: expect.any(String), set: new Map() }]);
    expect((await (await Visit.open(factory, jar)).end()).cookies).toEqual([]);
    expect(store.saves.length).toBe(1);
  });

  test('is not recorded as sent by a save before the response', async () => {
    factory = open({ cookie: { maxAge: 1200 }, timeout: 1200, touchInterval: 300 });
    const jar = await started();
    store.saves.length = 0;
    now += 200_000;
    const request = await Visit.open(factory, jar);
    await request.session.set('a', 2).save();
    expect(store.saves).toMatchObject([{ cookieAttributes: null }]);
    expect((await request.end()).cookies.length).toBe(1);
    expect(store.saves.length).toBe(2);
  });
});

test('a change of a few bytes is not measured by the store again, and a large one is', async () => {
  factory = open({ maxSize: 10_000 });
  const jar = await started();
  store.saves.length = 0;
  await visit(factory, jar, (session) => session.set('a', 2));
  await visit(factory, jar, (session) => session.set('a', 'x'.repeat(100)));
  await visit(factory, jar, (session) => session.adjustTimeout(60));
  expect(store.saves.map(({ maxSize }) => maxSize)).toEqual([undefined, 10_000, undefined]);
});
