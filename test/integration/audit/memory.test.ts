import { expect, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { SECRET, type MakeFactory } from '../../contract/consistency/factories.ts';
import { Jar, visit } from '../../support/visit.ts';
import { auditSuite } from './audit-suite.ts';
import { racesSuite } from './races-suite.ts';

const store = new MemoryStore();
const make: MakeFactory = (options) => createSessionFactory({ secret: SECRET, store, ...options });
auditSuite(make);
racesSuite(make);

test('entries are forgotten after maxAge, and an owner of whom nothing is left with them', async () => {
  let now = 1_700_000_000_000;
  const aged = new MemoryStore({ now: () => now });
  const factory = createSessionFactory({ secret: SECRET, store: aged, audit: { maxAge: 100 } });
  await visit(factory, new Jar(), (session) => session.login('alice'));
  now += 60_000;
  await visit(factory, new Jar(), (session) => session.login('alice'));
  expect(await factory.audit.read({ owner: 'alice' })).toHaveLength(2);
  now += 60_000;
  expect(await factory.audit.read({ owner: 'alice' })).toHaveLength(1);
  now += 60_000;
  expect(await factory.audit.read({ owner: 'alice' })).toEqual([]);
  await visit(factory, new Jar(), (session) => session.login('alice'));
  expect(await factory.audit.read({ owner: 'alice' })).toHaveLength(1);
});

test('a store that cannot keep trails is refused with the option', () => {
  const { now, load, create, save, rekey, take, destroy, close } = store as unknown as Record<string, unknown>;
  const bare = { now, load, create, save, rekey, take, destroy, close } as never;
  expect(() => createSessionFactory({ secret: SECRET, store: bare, audit: true })).toThrow(
    'Expected `audit` to be false, got true. The store cannot keep audit trails: it has no `startAudit`, `reportReuse` and `readAudit`',
  );
});
