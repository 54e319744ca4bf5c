import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import type { ScriptName } from '../../src/stores/redis/scripts.generated.ts';
import type { SteppedDriver } from '../support/stepped-driver.ts';
import { Jar, visit } from '../support/visit.ts';
import { SteppedCluster, storeOver } from './stepped-cluster.ts';

// What an application sees of a login across slots that other requests interrupt.

type Factory = SessionFactory<Record<string, unknown>>;
type Session = WebsaunaSession<Record<string, unknown>>;

const cluster = new SteppedCluster();
let driver: SteppedDriver;
let factory: Factory;
/** The same sessions, in another process. */
let other: Factory;
let owner: string;
/** Handles of sessions that the factory reports as ended at the owner's limit. */
let evicted: string[];

beforeEach(() => {
  driver = cluster.driver();
  factory = factoryOver(driver);
  other = factoryOver(cluster.driver());
  owner = randomUUID();
  evicted = [];
  factory.on('destroyed', ({ handle, reason }) => reason === 'evicted' && evicted.push(handle));
});

function factoryOver(over: SteppedDriver): Factory {
  const store = storeOver(over, 'login-across:');
  return createSessionFactory({ secret: 'a secret of more than thirty-two bytes', store, maxSessionsPerOwner: 1 });
}

async function withCart(): Promise<Jar> {
  const jar = new Jar();
  await visit(other, jar, (session) => session.set('cart', [1]));
  return jar;
}

/** Another tab of the same browser. */
const tab = (jar: Jar, act: (session: Session) => void): Promise<void> => visit(other, new Jar(jar), act);
const write = (jar: Jar): Promise<void> => tab(jar, (session) => session.set('other', [randomUUID()]));

async function revokedCopy(jar: Jar): Promise<void> {
  await write(jar);
  assert.equal(await other.owners.revoke(owner), 1);
}

const dataOf = (jar: Jar): Promise<object> => visit(other, new Jar(jar), (session) => ({ ...session.toJSON() }));

describe('C8: a session that a login ends to make room is reported once', () => {
  test.each<[string, ScriptName, (jar: Jar) => Promise<unknown>]>([
    ['is not interrupted', 'deleteRotated', () => Promise.resolve()],
    ['begins again, because the old session was written to', 'deleteRotated', write],
    ['begins again, and was revoked besides', 'deleteRotated', revokedCopy],
    ['comes too late after a logout', 'deleteRotated', (jar) => tab(jar, (session) => session.invalidate())],
    [
      'comes too late after another login',
      'deleteRotated',
      (jar) => tab(jar, (session) => session.login(randomUUID())),
    ],
    ['is revoked before it has been confirmed', 'confirm', () => other.owners.revoke(owner)],
  ])('when the login %s', async (_, step, interrupt) => {
    await visit(other, new Jar(), (session) => session.login(owner));
    const [first] = await other.owners.list(owner);
    const jar = await withCart();
    driver.before(step, () => interrupt(jar));
    await visit(factory, jar, (session) => session.login(owner));
    assert.deepEqual(evicted, [first!.handle]);
    const current = await visit(other, jar, ({ handle }) => handle);
    assert.deepEqual(
      (await other.owners.list(owner)).map(({ handle }) => handle),
      [current],
    );
  });
});

describe('a login whose new session is revoked each time before the old one has ended', () => {
  test('begins again with what is stored by then', async () => {
    const jar = await withCart();
    for (let i = 0; i < 5; i++) driver.before('deleteRotated', () => revokedCopy(jar));
    const before = new Jar(jar);
    await visit(factory, jar, (session) => session.login(owner));
    assert.deepEqual(Object.keys(await dataOf(jar)).toSorted(), ['cart', 'other']);
    assert.deepEqual(await dataOf(before), {});
  });

  test('fails after many attempts with a conflict, and the old session stays', async () => {
    const jar = await withCart();
    for (let i = 0; i < 32; i++) driver.before('deleteRotated', () => revokedCopy(jar));
    const login = visit(factory, new Jar(jar), (session) => session.login(owner));
    await assert.rejects(login, { code: 'ERR_SESSION_CONFLICT' });
    assert.deepEqual(Object.keys(await dataOf(jar)).toSorted(), ['cart', 'other']);
    assert.deepEqual(await other.owners.list(owner), []);
  });
});
