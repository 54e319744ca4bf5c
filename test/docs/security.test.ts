// What docs/security.md says of lifetimes, and that the tests that it names are there.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, test } from 'vitest';
import { assuranceLevels, createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, Visit, visit } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Factory = SessionFactory<Data>;

const SECRET = 'a secret of more than thirty-two bytes';

let now: number;
let store: MemoryStore;
beforeEach(() => {
  now = Date.now();
  store = new MemoryStore({ now: () => now });
});

function make(options: Partial<SessionOptions<Data>>): Factory {
  return createSessionFactory<Data>({ secret: SECRET, store, ...options });
}

function pass(seconds: number): void {
  now += seconds * 1000;
}

async function loggedIn(factory: Factory): Promise<Jar> {
  const jar = new Jar();
  await visit(factory, jar, (session) => session.login('alice'));
  return jar;
}
const ownerOf = (factory: Factory, jar: Jar): Promise<string | null> =>
  visit(factory, new Jar(jar), (session) => session.owner);

describe('lifetimes', () => {
  test('a re-authentication of the same owner begins the idle timeout again, and the absolute one where it says so', async () => {
    const factory = make({ timeout: 600, absoluteTimeout: 1000, touchInterval: 0 });
    for (const [options, end] of [
      [{}, 1000],
      [{ absoluteTimeout: 1000 }, 1590],
    ] as const) {
      const jar = await loggedIn(factory);
      pass(590);
      await visit(factory, jar, (session) => session.login('alice', options));
      pass(400);
      assert.equal(await ownerOf(factory, jar), 'alice');
      pass(end - 990 - 5);
      assert.equal(await ownerOf(factory, jar), 'alice');
      pass(10);
      assert.equal(await ownerOf(factory, jar), null);
    }
  });

  test.each<[string, Partial<SessionOptions<Data>>, number]>([
    ['timeout', { timeout: 600 }, 600],
    ['absoluteTimeout', { timeout: 1800, absoluteTimeout: 2400 }, 2400],
  ])('a shortened `%s` ends existing sessions at their next request', async (_, limits, end) => {
    const [before, after] = [make({ timeout: 3600, absoluteTimeout: 86_400 }), make(limits)];
    const reasons: string[] = [];
    after.on('rejected', ({ reason }) => reasons.push(reason));
    for (const [left, owner] of [
      [10, 'alice'],
      [-10, null],
    ] as const) {
      const jar = await loggedIn(before);
      // Used last when a third of its time was left.
      const used = end > 600 ? (end * 2) / 3 : 0;
      pass(used);
      assert.equal(await ownerOf(before, jar), 'alice');
      pass(end - used - left);
      assert.equal(await ownerOf(after, jar), owner);
    }
    assert.deepEqual(reasons, ['expired']);
    assert.equal(store.size, 1);
  });

  test('a longer timeout that a session has set itself is cut to `maxTimeout`', async () => {
    const jar = await loggedIn(make({}));
    await visit(make({}), jar, (session) => session.adjustTimeout(86_400));
    const strict = make({ ...assuranceLevels.AAL2 });
    await visit(strict, new Jar(jar), (session) => assert.equal(session.timeout, 3600));
    pass(3700);
    assert.equal(await ownerOf(strict, jar), null);
  });

  test.each(['AAL1', 'AAL2', 'AAL3'] as const)(
    '`adjustTimeout` cannot exceed %s, and may be shorter',
    async (level) => {
      const factory = make({ ...assuranceLevels[level] });
      const { timeout } = assuranceLevels[level];
      const request = await Visit.open(factory, new Jar());
      assert.throws(() => request.session.adjustTimeout(timeout + 1), TypeError);
      request.session.adjustTimeout(timeout - 1);
      assert.equal(request.session.timeout, timeout - 1);
      assert.deepEqual(
        [factory.policy.timeout, factory.policy.maxTimeout, factory.policy.absoluteTimeout],
        [timeout, timeout, assuranceLevels[level].absoluteTimeout],
      );
    },
  );

  test.each(['AAL1', 'AAL2', 'AAL3'] as const)('a login cannot exceed %s', async (level) => {
    const { timeout, absoluteTimeout } = assuranceLevels[level];
    const { session } = await Visit.open(make({ ...assuranceLevels[level] }), new Jar());
    for (const options of [
      { timeout: timeout + 1 },
      { absoluteTimeout: absoluteTimeout + 1 },
      { absoluteTimeout: null },
    ]) {
      assert.throws(() => session.login('alice', options), TypeError);
    }
    session.login('alice', { timeout, absoluteTimeout });
    assert.equal(session.timeout, timeout);
  });

  test('a login that waits for its second factor is forgotten after its time', async () => {
    const factory = make({ timeout: 7200 });
    for (const [options, seconds] of [
      [{}, 300],
      [{ timeout: 3600 }, 3600],
    ] as const) {
      const jar = new Jar();
      await visit(factory, jar, (session) => session.beginLogin('alice', options));
      pass(seconds - 1);
      assert.equal(await visit(factory, jar, (session) => session.pendingLogin?.owner), 'alice');
      pass(2);
      assert.equal(await visit(factory, jar, (session) => session.pendingLogin), null);
    }
    const request = await Visit.open(factory, new Jar());
    assert.throws(() => request.session.beginLogin('alice', { timeout: 3601 }), TypeError);
  });

  test('a grace of more than an hour is refused', () => {
    assert.equal(make({ rotationGrace: 3600 }).policy.rotationGrace, 3600);
    assert.throws(() => make({ rotationGrace: 3601 }), TypeError);
  });

  test('`policy` is what is in force: lifetimes, and how many sessions an owner may have', () => {
    const { policy } = make({
      timeout: 700,
      maxTimeout: 800,
      absoluteTimeout: 900,
      maxAbsoluteTimeout: 1000,
      touchInterval: 5,
      rotationGrace: 7,
    });
    assert.deepEqual(policy, {
      timeout: 700,
      maxTimeout: 800,
      absoluteTimeout: 900,
      maxAbsoluteTimeout: 1000,
      touchInterval: 5,
      rotationGrace: 7,
      cookieMaxAge: null,
      maxSessionsPerOwner: null,
      migrateFrom: null,
      onSessionLimit: 'evict-oldest',
    });
    const capped = make({ maxSessionsPerOwner: 3, onSessionLimit: 'refuse', cookie: { maxAge: 60 } }).policy;
    const { maxSessionsPerOwner, onSessionLimit, cookieMaxAge } = capped;
    assert.deepEqual([maxSessionsPerOwner, onSessionLimit, cookieMaxAge], [3, 'refuse', 60]);
  });
});

describe('docs/security.md', () => {
  const page = fileURLToPath(new URL('../../docs/security.md', import.meta.url));
  const text = readFileSync(page, 'utf8');

  test('has the 51 statements, each once and in a section with tests', () => {
    const numbers = [...text.matchAll(/^\*\*(\d+)\. /gm)].map(([, number]) => Number(number));
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: 51 }, (_, i) => i + 1),
    );
  });

  test('names tests by titles that their files have', () => {
    const links = [...text.matchAll(/\["([^"\]]+)"\]\(([^)#]+)\)/g)];
    assert.ok(links.length > 80, `${links.length} tests are named`);
    for (const [, title = '', link = ''] of links) {
      const file = join(dirname(page), link);
      assert.ok(existsSync(file), link);
      // A title may be written over several lines of a file, or in another kind of quotes.
      const plain = (part: string): string => part.replaceAll(/\\?['"`\\]/g, '').replaceAll(/\s+/g, ' ');
      assert.ok(plain(readFileSync(file, 'utf8')).includes(plain(title)), `${title} is in ${link}`);
    }
  });
});
