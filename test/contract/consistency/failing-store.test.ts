// What a store that fails in the middle of a request leaves, and what the request can still do.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'vitest';
import { createSessionFactory, type SessionOptions } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import { quiet } from '../../adapters/support/store-gate.ts';
import { Jar, MemoryHead, visit, Visit } from '../../support/visit.ts';
import { type Data, type Factory, record, SECRET, type Session, started } from './factories.ts';

const failed = { code: 'ERR_SESSION_STORE', status: 503 };

let memory: MemoryStore;
/** Operations of the store that fail. */
let failing: Set<string>;
beforeEach(() => {
  memory = new MemoryStore();
  failing = new Set();
});

function open(options: Partial<SessionOptions<Data>> = {}): Factory {
  const store = interceptStore(memory, (operation) => {
    if (failing.has(operation)) throw new Error('connection lost');
  });
  return createSessionFactory<Data>({ secret: SECRET, store, ...options });
}

const ownerOf = (factory: Factory, jar: Jar): Promise<string | null> => visit(factory, jar, ({ owner }) => owner);

/** Ends a request whose commit fails, as an adapter does, and returns the head of the error's response. */
async function endInError(factory: Factory, request: Visit<Data, Session>): Promise<MemoryHead> {
  await assert.rejects(async () => await request.end(), failed);
  const head = new MemoryHead();
  head.status = 503;
  await factory.commit(request.session, head);
  return head;
}

describe('an id that no response has carried', () => {
  test.each<[string, (session: Session) => unknown]>([
    ['a login', (session) => session.login('alice')],
    ['a rotation', (session) => session.rotate()],
    ['a first factor', (session) => session.beginLogin('alice')],
    ['a new session', (session) => (session.logout(), session.set('b', 1))],
  ])('of %s that was saved early is an error when the store cannot confirm it', async (_what, act) => {
    const factory = open();
    const request = await Visit.open(factory, await started(factory));
    act(request.session);
    await request.session.save();
    failing.add('save');
    const head = await endInError(factory, request);
    assert.deepEqual(head.cookies, []);
  });

  test('a renewal that fails is none: the response is sent, and an event reports it', async () => {
    const factory = open({ touchInterval: 0 });
    const events = record(factory, 'storeError');
    const jar = await started(factory);
    failing.add('save');
    assert.equal(await visit(factory, jar, (session) => session.get('a')), 1);
    assert.deepEqual(
      events.storeError.map(({ operation }) => operation),
      ['touch'],
    );
  });
});

describe('an error handler', () => {
  test('can save changes of a stored session after the commit has failed', async () => {
    const factory = open();
    const events = record(factory, 'discarded');
    const jar = await started(factory);
    const request = await Visit.open(factory, jar);
    request.session.set('b', 1);
    failing.add('save');
    await assert.rejects(request.end(), failed);
    await assert.rejects(request.session.save(), failed);
    failing.clear();
    await request.session.set('c', 1).save();
    const head = new MemoryHead();
    head.status = 503;
    await factory.commit(request.session, head);
    assert.deepEqual([head.cookies, events.discarded], [[], []]);
    assert.deepEqual(await visit(factory, jar, (session) => ({ ...session.toJSON() })), { a: 1, b: 1, c: 1 });
  });

  test.each<[string, string, (session: Session) => unknown]>([
    ['a new session', 'create', (session) => (session.logout(), session.set('b', 1))],
    ['a login', 'rekey', (session) => session.login('alice')],
    ['a rotation', 'rekey', (session) => session.rotate()],
  ])('cannot save %s, whose cookie its response does not carry', async (_what, operation, act) => {
    const factory = open();
    const events = record(factory, 'discarded', 'login', 'rotated');
    const request = await Visit.open(factory, await started(factory));
    act(request.session);
    failing.add(operation);
    await assert.rejects(request.end(), failed);
    failing.clear();
    await assert.rejects(request.session.save(), { code: 'ERR_SESSION_HEADERS_SENT' });
    const head = new MemoryHead();
    head.status = 503;
    await factory.commit(request.session, head);
    assert.deepEqual([head.cookies, events.login, events.rotated], [[], [], []]);
    assert.deepEqual(
      events.discarded.map(({ reason }) => reason),
      ['commit-failed'],
    );
    assert.deepEqual(await factory.owners.list('alice'), []);
  });
});

describe('a response that is an error already', () => {
  test.each<[string, (session: Session) => unknown]>([
    ['a login', (session) => session.login('alice')],
    ['a rotation', (session) => session.rotate()],
    ['a change', (session) => session.set('b', 1)],
  ])('is sent although the commit of %s fails, and events report both', async (_what, act) => {
    const factory = open();
    const events = record(factory, 'discarded', 'storeError');
    const request = await Visit.open(factory, await started(factory));
    act(request.session);
    request.head.status = 500;
    for (const operation of ['rekey', 'save']) failing.add(operation);
    assert.deepEqual((await request.end()).cookies, []);
    assert.deepEqual([events.storeError[0]?.operation, events.discarded[0]?.reason], ['commit', 'commit-failed']);
  });

  test('is sent although a login in it is refused, and an event reports that', async () => {
    const factory = open();
    const events = record(factory, 'discarded', 'storeError');
    const request = await Visit.open(factory, await started(factory));
    request.session.login('alice');
    request.head.status = 500;
    request.head.set('cache-control', 'public, max-age=60');
    assert.deepEqual((await request.end()).cookies, []);
    assert.deepEqual(
      events.discarded.map(({ reason }) => reason),
      ['commit-failed'],
    );
    assert.deepEqual([events.storeError, await factory.owners.list('alice')], [[], []]);
  });
});

test.each<[string, string, (factory: Factory) => Promise<Jar>]>([
  ['a new session', 'create', () => Promise.resolve(new Jar())],
  ['a session', 'rekey', started],
])(
  'a login and a beginLogin() of another that %s could not take are saved together later',
  async (_what, operation, begin) => {
    const factory = open();
    const jar = await begin(factory);
    const request = await Visit.open(factory, jar);
    request.session.login('alice');
    request.session.beginLogin('bob');
    failing.add(operation);
    await assert.rejects(request.session.save(), failed);
    failing.clear();
    await request.session.save();
    await request.end();
    const stored = await visit(factory, jar, ({ owner, pendingLogin }) => [owner, pendingLogin?.owner]);
    assert.deepEqual(stored, ['alice', 'bob']);
  },
);

describe('an account switch whose second step fails', () => {
  test('ends the previous session when it is saved again', async () => {
    const factory = open();
    const events = record(factory, 'destroyed', 'login');
    const jar = await started(factory, (session) => session.login('alice'));
    const request = await Visit.open(factory, jar);
    request.session.login('bob');
    failing.add('destroy');
    await assert.rejects(request.session.save(), failed);
    failing.clear();
    await request.session.save();
    await request.end();
    assert.equal(await ownerOf(factory, jar), 'bob');
    assert.deepEqual([await factory.owners.list('alice'), events.login.length], [[], 2]);
    assert.deepEqual(
      events.destroyed.map(({ reason }) => reason),
      ['account-switch'],
    );
    assert.equal(memory.size, 1);
  });

  test('is an error whose client keeps the previous session when nothing saves it again', async () => {
    const factory = open();
    const jar = await started(factory, (session) => session.login('alice'));
    const request = await Visit.open(factory, jar);
    request.session.login('bob');
    failing.add('destroy');
    const head = await endInError(factory, request);
    failing.clear();
    assert.deepEqual(head.cookies, []);
    assert.equal(await ownerOf(factory, jar), 'alice');
  });
});

test('with `load: lazy` a session that could not be loaded is loaded by the next call', async () => {
  const jar = await started(open());
  const factory = open({ load: 'lazy' });
  const request = await Visit.open(factory, jar);
  failing.add('load');
  const loads = [request.session.load(), request.session.load()];
  for (const load of loads) await assert.rejects(load, failed);
  assert.throws(() => request.session.get('a'), { code: 'ERR_SESSION_NOT_LOADED' });
  failing.clear();
  assert.equal((await request.session.load()).get('a'), 1);
  request.session.set('b', 2);
  await request.end();
  assert.equal(await visit(open(), jar, (session) => session.get('b')), 2);
});

test.each<[string, (session: Session) => unknown]>([
  ['save()', (session) => session.set('a', 2).save()],
  ['update()', (session) => session.update('a', () => 2)],
  ['takeFlash()', (session) => session.takeFlash()],
  ['reload()', (session) => session.reload()],
])('a failure of %s that the application does not wait for ends no process', async (_what, act) => {
  const factory = open();
  const jar = await started(factory, (session) => session.set('a', 1).flash('one'));
  const request = await Visit.open(factory, jar);
  const events = record(factory, 'storeError');
  const unhandled: unknown[] = [];
  const listen = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', listen);
  try {
    for (const operation of ['load', 'save', 'take']) failing.add(operation);
    void act(request.session);
    await quiet();
  } finally {
    process.off('unhandledRejection', listen);
  }
  assert.deepEqual([unhandled.length, events.storeError.length], [0, 1]);
});
