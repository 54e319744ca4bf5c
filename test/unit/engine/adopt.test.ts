// Whether a request may use the record that it has found.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, startSession, visit, Visit } from '../../support/visit.ts';

type Data = Record<string, unknown>;

let now: number;
let store: MemoryStore;
let factory: SessionFactory<Data>;
const opened: SessionFactory<Data>[] = [];
function open(options: Partial<SessionOptions<Data>> = {}): SessionFactory<Data> {
  opened.push(createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options }));
  return opened.at(-1)!;
}
beforeEach(() => {
  now = 1_700_000_000_000;
  store = new MemoryStore({ now: () => now });
  factory = open();
});
afterEach(() => Promise.all(opened.splice(0).map((each) => each.close())));

const loggedIn = (): Promise<Jar> => startSession(factory, (session) => session.login('alice'));

test.each([
  ['another timeout than', 600, 1],
  ['the timeout of', 1200, 0],
])(
  'a factory with %s its record renews the record by the next request: %i seconds, %i times',
  async (_, timeout, count) => {
    const jar = await loggedIn();
    factory = open({ timeout });
    let touches = 0;
    factory.on('touched', () => touches++);
    expect(await visit(factory, jar, (session) => session.timeout)).toBe(timeout);
    expect(touches).toBe(count);
  },
);

describe("a record with another owner's name", () => {
  test('opens nothing, ends nothing and explains nothing', async () => {
    factory = open({ explainEnds: 600 });
    const jar = await loggedIn();
    const load = vi.spyOn(store, 'load').mockImplementation(async (key) => {
      const record = await MemoryStore.prototype.load.call(store, key);
      return record?.status === 'found' ? { ...record, meta: { ...record.meta, owner: 'bob' } } : record;
    });
    const reasons: string[] = [];
    factory.on('rejected', ({ reason }) => reasons.push(reason));
    const seen = await visit(factory, new Jar(jar), (session) => [session.owner, session.endedBefore]);
    expect([seen, reasons]).toEqual([[null, null], ['owner']]);
    load.mockRestore();
    expect(await visit(factory, jar, ({ owner }) => owner)).toBe('alice');
  });
});

describe('a change of authentication', () => {
  let changedAt: Date | null;
  let invalidateBefore: () => Date | null | Promise<Date | null>;
  beforeEach(() => {
    changedAt = null;
    invalidateBefore = () => changedAt;
    factory = open({ invalidateBefore: () => invalidateBefore() });
  });
  const change = (): void => {
    now += 5000;
    changedAt = new Date(now);
  };
  /** Resolves when the application is asked the next time, to a function that gives the answer. */
  function answerLater(): Promise<(since: Date | null) => void> {
    return new Promise((asked) => {
      invalidateBefore = () => new Promise((answer) => asked(answer));
    });
  }
  const messages = (jar: Jar): Promise<unknown[]> => visit(factory, jar, (session) => session.popFlash());

  test('leaves a message for the session that follows', async () => {
    const jar = await loggedIn();
    change();
    expect(await visit(factory, jar, (session) => [session.owner, session.peekFlash()])).toEqual([
      null,
      ['session-invalidated'],
    ]);
    expect(await messages(jar)).toEqual(['session-invalidated']);
  });

  test('likewise where a reload finds it, which discards what the request has asked of its session', async () => {
    const jar = await loggedIn();
    const request = await Visit.open(factory, jar);
    request.session.set('a', 1);
    change();
    const discarded: string[] = [];
    factory.on('discarded', ({ reason }) => discarded.push(reason));
    await request.session.reload();
    expect([request.session.owner, request.session.get('a'), discarded]).toEqual([null, undefined, ['gone']]);
    await request.end();
    expect(await messages(jar)).toEqual(['session-invalidated']);
  });

  test('does not matter to a session that the request has ended while the application was asked', async () => {
    const jar = await startSession(factory, (session) => session.beginLogin('alice'));
    const request = await Visit.open(factory, jar);
    change();
    const asked = answerLater();
    const events: string[] = [];
    for (const name of ['loaded', 'refused'] as const) factory.on(name, () => events.push(name));
    const reloaded = request.session.reload();
    const answer = await asked;
    expect(events).toEqual(['loaded']);
    request.session.logout();
    answer(changedAt);
    await reloaded;
    expect([events, request.session.pendingLogin]).toEqual([['loaded'], null]);
  });

  test('opens no session that the request has ended while the application was asked', async () => {
    const request = await Visit.open(factory, await loggedIn());
    const asked = answerLater();
    let loads = 0;
    factory.on('loaded', () => loads++);
    const reloaded = request.session.reload();
    const answer = await asked;
    request.session.logout();
    answer(null);
    await reloaded;
    expect([loads, request.session.owner]).toEqual([0, null]);
  });

  test('is not asked about for a login whose time is over', async () => {
    const jar = await startSession(factory, (session) => session.beginLogin('alice', { timeout: 60 }));
    now += 61_000;
    const asked = vi.fn<() => null>(() => null);
    invalidateBefore = asked;
    expect(await visit(factory, jar, (session) => session.pendingLogin)).toBeNull();
    expect(asked).not.toHaveBeenCalled();
  });

  test('leaves a login that this request has begun', async () => {
    const request = await Visit.open(factory, await startSession(factory));
    request.session.beginLogin('alice');
    change();
    let refusals = 0;
    factory.on('refused', () => refusals++);
    await request.session.reload();
    expect([request.session.pendingLogin?.owner, refusals]).toEqual(['alice', 0]);
  });

  test('leaves a login that was begun at the same moment', async () => {
    const jar = await startSession(factory, (session) => session.beginLogin('alice'));
    const startedAt = (await visit(factory, jar, (session) => session.pendingLogin?.startedAt))!;
    const isPending = (): Promise<boolean> => visit(factory, jar, (session) => session.pendingLogin !== null);
    changedAt = startedAt;
    expect(await isPending()).toBe(true);
    changedAt = new Date(startedAt.getTime() + 1);
    expect(await isPending()).toBe(false);
  });
});
