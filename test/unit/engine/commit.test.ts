import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import { Jar, MemoryHead, startSession, Visit } from '../../support/visit.ts';

type Data = Record<string, unknown>;
type Factory = SessionFactory<Data>;

let memory: MemoryStore;
/** Called before each operation of the store. */
let before: (operation: string) => void | Promise<void>;
let factory: Factory;
const open = (options: Partial<SessionOptions<Data>> = {}): Factory =>
  createSessionFactory<Data>({
    secret: 'a secret of more than thirty-two bytes',
    store: interceptStore(memory, (operation) => before(operation)),
    ...options,
  });
beforeEach(() => {
  memory = new MemoryStore();
  before = () => {};
  factory = open();
});
afterEach(() => factory.close());

const started = (): Promise<Jar> => startSession(factory);

function record(name: 'discarded' | 'cookieSuppressed' | 'storeError' | 'destroyed'): object[] {
  const events: object[] = [];
  factory.on(name, (event: object) => events.push(event));
  return events;
}
const fail = (): never => {
  throw new Error('connection lost');
};

describe('the response of an error, after a commit that has failed,', () => {
  test.each([
    ['a field', (s: { set(name: string, value: unknown): unknown }) => s.set('b', 2)],
    ['the first factor of a login', (s: { beginLogin(owner: string): void }) => s.beginLogin('alice')],
  ] as const)('discards %s of a new session, and says so', async (_, act) => {
    const request = await Visit.open(factory, new Jar());
    (act as (session: unknown) => void)(request.session);
    before = fail;
    await expect(request.end()).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_STORE' }));
    before = () => {};
    const discarded = record('discarded');
    const head = new MemoryHead();
    await factory.commit(request.session, head);
    expect([discarded, head.cookies, memory.size]).toMatchObject([[{ reason: 'commit-failed' }], [], 0]);
  });

  test('has nothing to say where nothing was asked for', async () => {
    const jar = await started();
    const request = await Visit.open(factory, jar);
    request.session.invalidate();
    before = fail;
    await expect(request.end()).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_STORE' }));
    before = () => {};
    const discarded = record('discarded');
    const head = new MemoryHead();
    await factory.commit(request.session, head);
    expect([discarded, head.cookies]).toEqual([[], []]);
  });
});

test('a response that becomes an error while its session is stored carries no cookie', async () => {
  factory = open({ cookie: { onException: false } });
  const request = await Visit.open(factory, new Jar());
  const suppressed = record('cookieSuppressed');
  request.session.set('a', 1);
  before = () => {
    request.head.status = 500;
  };
  expect((await request.end()).cookies).toEqual([]);
  expect(suppressed).toMatchObject([{ reason: 'exception' }]);
});

test('a session that the request ends while it is on its way to the store ends with the next commit', async () => {
  const request = await Visit.open(factory, new Jar());
  const { session } = request;
  session.set('a', 1);
  let go = (): void => {};
  before = () => new Promise((resolve) => (go = resolve));
  const saved = session.save();
  await new Promise((resolve) => setImmediate(resolve));
  before = () => {};
  session.invalidate();
  go();
  await saved;
  const destroyed = record('destroyed');
  expect((await request.end()).cookies).toEqual([]);
  expect([destroyed, memory.size]).toMatchObject([[{ reason: 'invalidated' }], 0]);
});

test('a commit of a session that was not used asks and says nothing', async () => {
  const calls: string[] = [];
  before = (operation) => void calls.push(operation);
  const request = await Visit.open(factory, new Jar());
  expect(factory.commit(request.session, request.head)).toBeUndefined();
  expect([calls, [...request.head.headers]]).toEqual([[], []]);
});

test('a lazy session that was never loaded is not written, also where a touch is due', async () => {
  factory = open({ load: 'lazy', touchInterval: 0 });
  const jar = await started();
  const calls: string[] = [];
  before = (operation) => void calls.push(operation);
  const request = await Visit.open(factory, jar);
  request.session.markPersonal();
  await request.end();
  expect([calls, request.head.get('vary')]).toEqual([[], 'Cookie']);
});

test('a failing renewal of the idle timeout is reported, and not thrown', async () => {
  factory = open({ touchInterval: 0 });
  const jar = await started();
  const request = await Visit.open(factory, jar);
  request.session.get('a');
  before = fail;
  const errors = record('storeError');
  await request.end();
  expect(errors).toMatchObject([{ operation: 'touch' }]);
});
