import assert from 'node:assert/strict';
import { test } from 'vitest';
import { createSessionFactory, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { interceptStore } from 'websauna-session/testing';
import { quiet, StoreGate } from '../../adapters/support/store-gate.ts';
import { Jar, visit, Visit } from '../../support/visit.ts';
import { record, SECRET } from './factories.ts';

type Session = WebsaunaSession<Record<string, unknown>>;

const add = (n: unknown): number => Number(n ?? 0) + 1;

/** What can be under way at the store when a request goes on without waiting for it. */
const UNDER_WAY: readonly [string, (session: Session) => Promise<unknown>][] = [
  ['an update', (session) => session.update('n', add)],
  ['a save', (session) => session.set('m', 1).save()],
  ['two updates', (session) => Promise.all([session.update('n', add), session.update('n', add)])],
];

test.each(UNDER_WAY)('C11: a login after %s that the store is slow to carry out', async (_title, begin) => {
  const gate = new StoreGate();
  const factory = createSessionFactory({ secret: SECRET, store: gate.store });
  const events = record(factory, 'storeError', 'lost', 'discarded');
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('n', 1));
  const held = gate.hold();
  const request = await Visit.open(factory, jar);
  const begun = begin(request.session);
  await held.reached;
  request.session.login('alice');
  const ending = request.end();
  held.open();
  await ending;
  await begun;
  assert.deepEqual([events.storeError, events.lost, events.discarded], [[], [], []]);
  assert.equal(await visit(factory, jar, (session) => session.owner), 'alice');
});

test.each(UNDER_WAY)('C11: a logout after %s that the store is slow to carry out', async (_title, begin) => {
  const gate = new StoreGate();
  const factory = createSessionFactory({ secret: SECRET, store: gate.store });
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('n', 1));
  const held = gate.hold();
  const request = await Visit.open(factory, jar);
  const begun = begin(request.session).catch((error: { code: string }) => error.code);
  await held.reached;
  request.session.logout();
  request.session.set('fresh', 1);
  const ending = request.end();
  held.open();
  await ending;
  await begun;
  assert.equal(gate.memory.size, 1);
  assert.deepEqual(await visit(factory, jar, (session) => ({ ...session.toJSON() })), { fresh: 1 });
});

test.each<[string, (session: Session) => void]>([
  ['a login', (session) => session.login('alice')],
  ['a rotation', (session) => session.rotate()],
  ['a login with a timeout of its own', (session) => (session.adjustTimeout(30), session.login('alice'))],
])('C11: a timeout that is asked for while the store carries out %s takes effect', async (_title, begin) => {
  const gate = new StoreGate();
  const factory = createSessionFactory({ secret: SECRET, store: gate.store });
  const events = record(factory, 'discarded');
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('n', 1));
  for (const when of ['before the head', 'in the final commit']) {
    const held = gate.hold();
    const request = await Visit.open(factory, jar);
    begin(request.session);
    const storing = when === 'before the head' ? request.session.save() : request.end();
    await held.reached;
    request.session.adjustTimeout(1234);
    held.open();
    await storing;
    if (when === 'before the head') {
      await request.end();
      assert.equal(await visit(factory, jar, (session) => session.timeout), 1234);
    } else {
      await quiet();
      assert.deepEqual(
        events.discarded.map(({ reason }) => reason),
        ['late'],
      );
    }
  }
});

test('C3: an update that other requests overtake 64 times in a row rejects, and writes nothing', async () => {
  const memory = new MemoryStore();
  const other = createSessionFactory({ secret: SECRET, store: memory });
  const jar = new Jar();
  await visit(other, jar, (session) => session.set('n', 0));
  let overtaken = 0;
  let most = 63;
  const store = interceptStore(memory, async (operation) => {
    if (operation === 'save' && overtaken++ < most)
      await visit(other, new Jar(jar), (session) => session.set('n', overtaken));
  });
  const factory = createSessionFactory({ secret: SECRET, store });
  const request = await Visit.open(factory, jar);
  assert.equal(await request.session.update('n', (n) => -Number(n)), -63);
  [overtaken, most] = [0, 64];
  await assert.rejects(
    request.session.update('n', (n) => -Number(n)),
    { code: 'ERR_SESSION_CONFLICT', status: 503 },
  );
  assert.equal(overtaken, 64);
  assert.equal(await visit(other, jar, (session) => session.get('n')), 64);
});
