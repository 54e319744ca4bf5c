import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import { MemoryStore } from 'websauna-session/memory';
import type { SaveOutcome, Stored } from 'websauna-session/store';
import { Jar, visit, Visit } from '../../support/visit.ts';

type Data = Record<string, unknown>;
type Session = WebsaunaSession<Data>;

/** A store that can answer saves by itself. */
class AnsweringStore extends MemoryStore {
  readonly answers: SaveOutcome[] = [];
  saves = 0;

  override async save(...args: Parameters<MemoryStore['save']>): ReturnType<MemoryStore['save']> {
    this.saves++;
    return this.answers.shift() ?? (await super.save(...args));
  }
}

let now: number;
let store: AnsweringStore;
let factory: SessionFactory<Data>;
let jar: Jar;
const open = (options: Partial<SessionOptions<Data>> = {}): SessionFactory<Data> =>
  createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options });
const next = <T>(act: (session: Session) => T | Promise<T>): Promise<T> => visit(factory, jar, act);
const increment = (n: unknown): number => Number(n ?? 0) + 1;

beforeEach(async () => {
  now = 1_700_000_000_000;
  store = new AnsweringStore({ now: () => now });
  factory = open();
  jar = new Jar();
  await next((session) => session.set('n', 1));
  store.saves = 0;
});

describe('an update in a request that has the field to itself', () => {
  test('of a session that is not stored is stored with it', async () => {
    jar = new Jar();
    await next(async (session) => {
      expect(await session.update('n', increment)).toBe(1);
      expect(await session.update('m', increment)).toBe(1);
      expect(await session.update('n', () => undefined)).toBeUndefined();
      expect(session.keys()).toEqual(['m']);
    });
    expect([await next((session) => session.toJSON()), store.saves]).toEqual([{ m: 1 }, 0]);
  });

  test('after the request has written it is stored with the request', async () => {
    await next(async (session) => {
      session.set('n', 10);
      expect(await session.update('n', increment)).toBe(11);
      expect(store.saves).toBe(0);
    });
    expect([await next(({ data }) => data['n']), store.saves]).toEqual([11, 1]);
  });

  test('after the request has deleted it begins with nothing', async () => {
    await next(async (session) => {
      session.delete('n');
      expect(await session.update('n', increment)).toBe(1);
    });
    expect(await next((session) => session.get('n'))).toBe(1);
  });
});

describe('an update of what is stored', () => {
  test('of a field that the request has set and deleted, and that is not stored, is seen at once', async () => {
    await next(async (session) => {
      session.set('m', 5).delete('m');
      expect(await session.update('m', increment)).toBe(1);
      expect([session.get('m'), session.has('m')]).toEqual([1, true]);
    });
    expect(await next((session) => session.toJSON())).toEqual({ n: 1, m: 1 });
  });

  test('begins again with what another request has made of the field', async () => {
    store.answers.push(conflict({ n: '5' }), conflict({ n: '7' }), accepted());
    expect(await next((session) => session.update('n', increment))).toBe(8);
  });

  test('of a field that another request has deleted begins with nothing', async () => {
    store.answers.push(conflict({}), accepted());
    expect(await next((session) => session.update('n', increment))).toBe(1);
  });

  test('of a field that another request has added begins with that', async () => {
    store.answers.push(conflict({ m: '5' }), accepted());
    expect(await next((session) => session.update('m', increment))).toBe(6);
  });

  test('compares bytes, too, with a field that is there or is not', async () => {
    factory = open({
      serialize: (value) => Buffer.from(JSON.stringify(value)),
      deserialize: (stored) => JSON.parse(Buffer.from(stored as Uint8Array).toString()) as unknown,
    });
    jar = new Jar();
    await next((session) => session.set('n', 1));
    store.answers.push(conflict({ n: Buffer.from('5') }), conflict({}), conflict({ n: Buffer.from('7') }), accepted());
    expect(await next((session) => session.update('n', increment))).toBe(8);
    store.answers.push(conflict({ n: Buffer.from('1') }));
    await expect(next((session) => session.update('n', increment))).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_SESSION_STORE' }),
    );
  });

  test.each<[string, Record<string, Stored>]>([
    ['n', { n: '1' }],
    ['none', {}],
    ['toString', {}],
  ])('of %s that conflicts with itself is an error: its bytes are not what was read', async (name, fields) => {
    store.answers.push(conflict(fields));
    await expect(next((session) => session.update(name, increment))).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_SESSION_STORE' }),
    );
  });

  test('names its field where the store finds the session too large', async () => {
    factory = open({ maxSize: 1000 });
    store.answers.push({ status: 'too-large', size: 1234 });
    await expect(next((session) => session.update('m', () => 'x'.repeat(500)))).rejects.toThrow(
      /would have 1234 bytes.* Largest are `m` \(503\), `n` \(2\)/,
    );
  });

  test('is no reason not to renew the cookie with the response', async () => {
    factory = open({ cookie: { maxAge: 1200 }, timeout: 1200, touchInterval: 300 });
    await next((session) => session.set('n', 1));
    now += 200_000;
    const request = await Visit.open(factory, jar);
    await request.session.update('n', increment);
    expect((await request.end()).cookies.length).toBe(1);
  });
});

test('an update of a session that cannot be read begins another one', async () => {
  const key = (first: number): Buffer => Buffer.from(Array.from({ length: 32 }, (_, i) => first + i));
  factory = open({ serializer: encrypted({ key: key(1) }) });
  jar = new Jar();
  await next((session) => session.set('n', 1));
  factory = open({ serializer: encrypted({ key: key(2) }) });
  const rejected: string[] = [];
  factory.on('rejected', ({ reason }) => rejected.push(reason));
  await next(async (session) => {
    expect(await session.update('n', increment)).toBe(1);
    expect(session.isNew).toBe(true);
  });
  expect(rejected).toEqual(['corrupt']);
});

function accepted(): SaveOutcome {
  return { status: 'ok', now, evicted: [] };
}

function conflict(fields: Record<string, Stored>): SaveOutcome {
  return { status: 'conflict', fields, now } as SaveOutcome;
}
