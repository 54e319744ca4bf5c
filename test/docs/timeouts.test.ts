// What docs/timeouts.md says of the limits, of touching and of the cookie's Max-Age.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'vitest';
import { assuranceLevels, createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, Visit, visit } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Factory = SessionFactory<Data>;

const DAY = 86_400;

let now: number;
let store: MemoryStore;
let jar: Jar;
beforeEach(() => {
  now = Date.now();
  store = new MemoryStore({ now: () => now });
  jar = new Jar();
});

function make(options: Partial<SessionOptions<Data>>): Factory {
  return createSessionFactory<Data>({ secret: 'a secret of more than thirty-two bytes', store, ...options });
}

function pass(seconds: number): void {
  now += seconds * 1000;
}

const write = (factory: Factory): Promise<unknown> => visit(factory, jar, (session) => session.set('a', 1));
const isAlive = (factory: Factory): Promise<boolean> => visit(factory, new Jar(jar), (session) => session.has('a'));
/** A request that changes nothing. */
const look = (factory: Factory): Promise<unknown> => visit(factory, jar, () => {});

describe('limits', () => {
  test('a session is idle after `timeout` seconds without a request', async () => {
    const factory = make({ timeout: 600 });
    await write(factory);
    pass(599);
    assert.equal(await isAlive(factory), true);
    pass(600);
    assert.equal(await isAlive(factory), false);
  });

  test('no activity moves the absolute expiry; a login does', async () => {
    const factory = make({ timeout: 600, absoluteTimeout: 1000, touchInterval: 0 });
    await write(factory);
    for (const act of [write, look, () => visit(factory, jar, (session) => session.rotate()), write]) {
      pass(240);
      await act(factory);
    }
    await visit(factory, jar, (session) => session.login('alice'));
    pass(599);
    assert.equal(await isAlive(factory), true);
    for (let i = 0; i < 4; i++) {
      await write(factory);
      pass(100);
    }
    pass(50);
    assert.equal(await isAlive(factory), false);
  });

  test('a shortened `timeout` holds for live sessions, and a longer one, too', async () => {
    await write(make({ timeout: 600 }));
    const [longer, shorter] = [make({ timeout: 1000 }), make({ timeout: 300 })];
    const events: unknown[] = [];
    shorter.on('rejected', ({ reason }) => void events.push(reason));
    shorter.on('destroyed', ({ reason }) => void events.push(reason));
    pass(500);
    await look(longer);
    pass(900);
    assert.equal(await isAlive(longer), true);
    pass(302);
    assert.equal(await isAlive(shorter), false);
    assert.deepEqual(events, ['expired', 'expired']);
    assert.equal(await isAlive(longer), false);
  });

  test('an adjusted timeout is bounded by `maxTimeout`, which the presets set', async () => {
    const factory = make({ ...assuranceLevels.AAL3 });
    await write(factory);
    await visit(factory, jar, (session) => {
      assert.throws(() => session.adjustTimeout(901), /between 1 and 900/);
      session.adjustTimeout(900);
    });
    const others = make({ timeout: 600, maxTimeout: null });
    await visit(others, jar, (session) => session.adjustTimeout(5000));
    assert.equal(await visit(factory, jar, (session) => session.timeout), 900);
  });

  test('the presets of NIST, and `policy`, which has what is in force', () => {
    const { policy } = make({ ...assuranceLevels.AAL2, cookie: { maxAge: 3600 }, maxSessionsPerOwner: 3 });
    assert.deepEqual(policy, {
      timeout: 3600,
      maxTimeout: 3600,
      absoluteTimeout: DAY,
      maxAbsoluteTimeout: DAY,
      touchInterval: 60,
      rotationGrace: 10,
      cookieMaxAge: 3600,
      maxSessionsPerOwner: 3,
      onSessionLimit: 'evict-oldest',
      migrateFrom: null,
    });
  });
});

describe('touching', () => {
  test('a request that changes nothing renews the idle timeout once per `touchInterval`', async () => {
    const factory = make({ timeout: 600, touchInterval: 60 });
    let touches = 0;
    factory.on('touched', () => touches++);
    await write(factory);
    for (let i = 0; i < 12; i++) {
      pass(20);
      await look(factory);
    }
    assert.equal(touches, 4);
    pass(599);
    assert.equal(await isAlive(factory), true);
  });

  test('a shorter timeout of its own is renewed in proportion', async () => {
    const factory = make({ timeout: 600, touchInterval: 60 });
    await visit(factory, jar, (session) => {
      session.set('a', 1);
      session.adjustTimeout(60);
    });
    for (let i = 0; i < 10; i++) {
      pass(50);
      await look(factory);
    }
    assert.equal(await isAlive(factory), true);
    pass(61);
    assert.equal(await isAlive(factory), false);
  });
});

describe('Max-Age', () => {
  const maxAgeOf = async (factory: Factory): Promise<number | null> => {
    const request = await Visit.open(factory, jar);
    const [cookie] = (await request.end()).cookies;
    return cookie === undefined ? null : Number(/Max-Age=(\d+)/.exec(cookie)?.[1]);
  };

  test('is not sent by default', async () => {
    const request = await Visit.open(make({}), jar);
    request.session.set('a', 1);
    assert.doesNotMatch((await request.end()).cookies[0]!, /Max-Age|Expires/i);
  });

  test('is sent again after `touchInterval`, and not before', async () => {
    const factory = make({ timeout: 600, touchInterval: 60, cookie: { maxAge: 600 } });
    await write(factory);
    pass(30);
    assert.equal(await maxAgeOf(factory), null);
    pass(30);
    assert.equal(await maxAgeOf(factory), 600);
    pass(10);
    assert.equal(await maxAgeOf(factory), null);
  });

  test('is sent again to a client that writes all the time', async () => {
    const factory = make({ timeout: 600, touchInterval: 60, cookie: { maxAge: 600 } });
    await write(factory);
    let sent = 0;
    for (let i = 0; i < 30; i++) {
      pass(20);
      const request = await Visit.open(factory, jar);
      request.session.set('a', i);
      sent += (await request.end()).cookies.length;
    }
    assert.equal(sent, 10);
  });

  test("is the session's own timeout once that was adjusted", async () => {
    const factory = make({ timeout: 600, cookie: { maxAge: 600 } });
    await write(factory);
    const request = await Visit.open(factory, jar);
    request.session.adjustTimeout(5000);
    assert.match((await request.end()).cookies[0]!, /Max-Age=5000/);
    pass(100);
    assert.equal(await maxAgeOf(factory), 5000);
  });

  test('of a timeout that was shortened is sent again in time, before the browser forgets the cookie', async () => {
    const factory = make({ timeout: 600, touchInterval: 60, cookie: { maxAge: 600 } });
    await write(factory);
    const request = await Visit.open(factory, jar);
    request.session.adjustTimeout(30);
    assert.match((await request.end()).cookies[0]!, /Max-Age=30;/);
    let sentAt = 0;
    for (let at = 2; at <= 120; at += 2) {
      pass(2);
      const maxAge = await maxAgeOf(factory);
      if (maxAge === null) continue;
      assert.equal(maxAge, 30);
      assert.equal(at - sentAt, 4);
      sentAt = at;
    }
    assert.equal(sentAt, 120);
    assert.equal(await isAlive(factory), true);
  });

  test('never reaches past the absolute expiry', async () => {
    const factory = make({ timeout: 600, absoluteTimeout: 1000, touchInterval: 0, cookie: { maxAge: 600 } });
    await write(factory);
    pass(300);
    assert.equal(await maxAgeOf(factory), 600);
    pass(400);
    assert.ok([299, 300].includes((await maxAgeOf(factory))!));
  });
});
