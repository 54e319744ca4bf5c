// The limits and the cookie that a login chooses for its session.
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { MinimalStore } from '../support/minimal-store.ts';
import { Jar, visit, Visit } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Factory = SessionFactory<Data>;
type Session = WebsaunaSession<Data>;

const HOUR = 3600;
const DAY = 86_400;
const [SECRET, OLD_SECRET] = [
  'the new secret of more than thirty-two bytes',
  'the old secret of more than thirty-two bytes',
];

let now: number;
let store: MemoryStore;
let jar: Jar;
beforeEach(() => {
  now = 1_750_000_000_000;
  store = new MemoryStore({ now: () => now });
  jar = new Jar();
});

function make(options: Partial<SessionOptions<Data>> = {}): Factory {
  return createSessionFactory<Data>({ secret: SECRET, store, timeout: HOUR, absoluteTimeout: DAY, ...options });
}

function pass(seconds: number): void {
  now += seconds * 1000;
}

/** The `Max-Age` of the cookie that a response sets: `undefined` without a cookie, `null` for one of the browser's session. */
async function maxAge(
  factory: Factory,
  act: (session: Session) => void = () => {},
): Promise<number | null | undefined> {
  const request = await Visit.open(factory, jar);
  act(request.session);
  const { cookies } = await request.end();
  const [cookie] = cookies.filter((text) => !text.includes('Max-Age=0'));
  if (cookie === undefined) return undefined;
  expect(cookie).not.toMatch(/Expires/i);
  const [, seconds] = /Max-Age=(\d+)/.exec(cookie) ?? [];
  return seconds === undefined ? null : Number(seconds);
}

const logIn = (factory: Factory, options?: Parameters<Session['login']>[1]): Promise<unknown> =>
  visit(factory, jar, (session) => session.login('alice', options));
const look = <T>(factory: Factory, at: (session: Session) => T): Promise<T> => visit(factory, new Jar(jar), at);
const ownerOf = (factory: Factory): Promise<string | null> => look(factory, ({ owner }) => owner);

describe('remember: false', () => {
  test('ends the cookie with the browser in spite of `cookie.maxAge`, also when it is sent again', async () => {
    const factory = make({ cookie: { maxAge: HOUR } });
    expect(await maxAge(factory, (session) => session.login('alice', { remember: false }))).toBe(null);
    pass(600);
    expect(await maxAge(factory)).toBe(undefined);
    expect(await maxAge(factory, (session) => session.set('a', 1))).toBe(undefined);
    expect(await maxAge(factory, (session) => session.adjustTimeout(60))).toBe(undefined);
    expect(await maxAge(factory, (session) => session.rotate())).toBe(null);
    const resigning = make({ secret: [OLD_SECRET, SECRET], cookie: { maxAge: HOUR } });
    expect(await maxAge(resigning)).toBe(null);
    const redeployed = make({ secret: [OLD_SECRET, SECRET], cookie: { maxAge: DAY, sameSite: 'strict' } });
    expect(await maxAge(redeployed)).toBe(null);
  });
});

describe('remember: true', () => {
  test('makes the cookie last as long as the session may be idle, without `cookie.maxAge` or with another', async () => {
    for (const cookie of [{}, { maxAge: 60 }]) {
      jar = new Jar();
      const factory = make({ cookie });
      expect(await maxAge(factory, (session) => session.login('alice', { remember: true }))).toBe(HOUR);
      pass(30);
      expect(await maxAge(factory)).toBe(undefined);
      pass(30);
      expect(await maxAge(factory)).toBe(HOUR);
      expect(await maxAge(factory, (session) => session.rotate())).toBe(HOUR);
      expect(await maxAge(factory, (session) => session.adjustTimeout(2 * HOUR))).toBe(2 * HOUR);
    }
  });

  test('keeps cookie and record alive together, however the session is used, and never past the absolute expiry', async () => {
    const factory = make({ timeout: 600, absoluteTimeout: 4000 });
    await logIn(factory, { remember: true });
    let cookieEnds = now + 600_000;
    for (let i = 0; i < 13; i++) {
      pass(300);
      expect(now).toBeLessThan(cookieEnds);
      const sent = await maxAge(factory, (session) => session.set('a', i));
      expect(sent).toBe(Math.min(600, 4000 - 300 * (i + 1)));
      cookieEnds = now + sent! * 1000;
    }
    expect(await ownerOf(factory)).toBe('alice');
    pass(100);
    expect(await ownerOf(factory)).toBe(null);
  });
});

test('without `remember` the cookie is what the factory says', async () => {
  expect(await maxAge(make(), (session) => session.login('alice'))).toBe(null);
  expect(await maxAge(make({ cookie: { maxAge: 60 } }), (session) => session.login('bob'))).toBe(60);
});

describe('limits of a login', () => {
  test('are in force in every process, longer ones and shorter ones', async () => {
    const [one, other] = [make(), make({ timeout: 600, absoluteTimeout: 7200 })];
    await logIn(one, { timeout: 2 * DAY, absoluteTimeout: 30 * DAY });
    pass(2 * DAY - 10);
    expect(await ownerOf(other)).toBe('alice');
    await visit(other, jar, (session) => session.set('a', 1));
    expect(await look(other, ({ timeout, expiresAt }) => [timeout, expiresAt!.getTime()])).toEqual([
      2 * DAY,
      1_750_000_000_000 + 30 * DAY * 1000,
    ]);
    pass(2 * DAY);
    expect(await ownerOf(one)).toBe(null);

    jar = new Jar();
    await logIn(one, { timeout: 300, absoluteTimeout: 400 });
    pass(299);
    await visit(other, jar, (session) => session.set('a', 1));
    pass(100);
    expect(await ownerOf(other)).toBe('alice');
    pass(1);
    expect(await ownerOf(other)).toBe(null);
  });

  test('may say that there is no absolute expiry', async () => {
    const factory = make();
    await logIn(factory, { absoluteTimeout: null });
    for (let i = 0; i < 40; i++) {
      pass(HOUR - 10);
      await visit(make({ absoluteTimeout: HOUR }), jar, (session) => session.set('a', i));
    }
    expect(await look(factory, ({ owner, expiresAt }) => [owner, expiresAt])).toEqual(['alice', null]);
  });

  test('show in the request of the login, and are the later call of it and `adjustTimeout`', async () => {
    const factory = make();
    const timeoutAfter = async (act: (session: Session) => void): Promise<number[]> => {
      jar = new Jar();
      const within = await visit(factory, jar, (session) => (act(session), session.timeout));
      return [within, await look(factory, ({ timeout }) => timeout)];
    };
    expect(await timeoutAfter((session) => session.login('alice', { timeout: 700 }))).toEqual([700, 700]);
    const adjusted = (session: Session): void => {
      session.login('alice', { timeout: 700 });
      session.adjustTimeout(500);
    };
    expect(await timeoutAfter(adjusted)).toEqual([500, 500]);
    const loggedIn = (session: Session): void => {
      session.adjustTimeout(500);
      session.login('alice', { timeout: 700 });
    };
    expect(await timeoutAfter(loggedIn)).toEqual([700, 700]);
  });

  test('are bounded by `maxTimeout` and `maxAbsoluteTimeout`, also where these are lowered afterwards', async () => {
    await logIn(make(), { timeout: 3 * HOUR, absoluteTimeout: 3 * DAY });
    const lowered = make({ maxTimeout: 2 * HOUR, maxAbsoluteTimeout: 2 * DAY });
    expect(await look(lowered, ({ timeout, expiresAt }) => [timeout, (expiresAt!.getTime() - now) / 1000])).toEqual([
      2 * HOUR,
      2 * DAY,
    ]);
    const { session } = await Visit.open(lowered, new Jar());
    expect(() => session.login('bob', { timeout: 2 * HOUR + 1 })).toThrow(/`options.timeout`.* between 1 and 7200/);
    expect(() => session.login('bob', { absoluteTimeout: 2 * DAY + 1 })).toThrow(/between 1 and 172800, got/);
    expect(() => session.login('bob', { absoluteTimeout: null })).toThrow(/`options.absoluteTimeout`.*got null/);
  });

  test('do not stay with the session when the store refuses the login', async () => {
    const factory = make({ maxSessionsPerOwner: 1, onSessionLimit: 'refuse', cookie: { maxAge: HOUR } });
    await visit(factory, new Jar(), (session) => session.login('alice'));
    await visit(factory, jar, (session) => session.set('a', 1));
    const request = await Visit.open(factory, jar);
    request.session.login('alice', { timeout: 60, remember: false, absoluteTimeout: 60 });
    await expect(request.session.save()).rejects.toMatchObject({ code: 'ERR_SESSION_FULL' });
    request.session.set('b', 1);
    await request.end();
    pass(120);
    expect(await look(factory, (session) => [session.get('b'), session.timeout, session.remember])).toEqual([
      1,
      HOUR,
      null,
    ]);
  });
});

describe("the factory's limits, shortened", () => {
  test('bound a live session, unless they came from its login', async () => {
    const [before, after] = [make(), make({ timeout: 600, absoluteTimeout: 1800 })];
    const jars = [new Jar(), new Jar()];
    for (const [i, options] of [{}, { timeout: 2 * HOUR, absoluteTimeout: DAY }].entries()) {
      await visit(before, jars[i]!, (session) => session.login('alice', options));
    }
    pass(599);
    const owners = (factory: Factory): Promise<(string | null)[]> =>
      Promise.all(jars.map((each) => visit(factory, new Jar(each), ({ owner }) => owner)));
    expect(await owners(after)).toEqual(['alice', 'alice']);
    for (let i = 0; i < 2; i++) {
      for (const each of jars) await visit(after, each, (session) => session.set('a', i));
      pass(595);
    }
    expect(await owners(after)).toEqual(['alice', 'alice']);
    pass(12);
    // 1801 seconds after the login.
    expect(await owners(after)).toEqual([null, 'alice']);
  });
});

describe('a login of the same owner again', () => {
  const OPTIONS = { remember: true, timeout: 2 * HOUR, absoluteTimeout: 3 * DAY, index: { sid: 's1' } };

  test('keeps index, cookie, idle timeout and absolute expiry, and renews the authentication', async () => {
    const factory = make();
    await logIn(factory, OPTIONS);
    const first = await look(factory, ({ expiresAt, createdAt }) => ({ expiresAt, createdAt }));
    pass(HOUR);
    expect(await maxAge(factory, (session) => session.login('alice', { method: 'otp' }))).toBe(2 * HOUR);
    expect(await look(factory, ({ expiresAt, createdAt }) => ({ expiresAt, createdAt }))).toEqual(first);
    expect(await look(factory, ({ timeout, remember, method }) => [timeout, remember, method])).toEqual([
      2 * HOUR,
      true,
      'otp',
    ]);
    // When `login` was called, which is some milliseconds before the store has it.
    const age = now - (await look(factory, ({ authenticatedAt }) => authenticatedAt!.getTime()));
    expect(age >= 0 && age < 30_000).toBe(true);
    expect(await factory.owners.listBy('sid', 's1')).toHaveLength(1);
    expect(await ownerOf(make({ timeout: 60, absoluteTimeout: 60 }))).toBe('alice');
  });

  test("keeps the factory's absolute expiry, too, which a shortened one still bounds", async () => {
    const factory = make({ timeout: 6 * HOUR });
    await logIn(factory);
    pass(5 * HOUR);
    await logIn(factory);
    expect(await look(factory, ({ expiresAt }) => (expiresAt!.getTime() - now) / 1000)).toBe(DAY - 5 * HOUR);
    expect(await ownerOf(make({ timeout: HOUR, absoluteTimeout: 5 * HOUR + 60 }))).toBe('alice');
    expect(await ownerOf(make({ timeout: HOUR, absoluteTimeout: 5 * HOUR - 60 }))).toBe(null);
  });

  test('changes what its options name', async () => {
    const factory = make();
    await logIn(factory, OPTIONS);
    pass(HOUR);
    const again = { remember: false, timeout: 300, absoluteTimeout: 600, index: { sid: 's2' } };
    expect(await maxAge(factory, (session) => session.login('alice', again))).toBe(null);
    expect(
      await look(factory, ({ timeout, expiresAt, createdAt }) => [timeout, +expiresAt! - now, +createdAt! - now]),
    ).toEqual([300, 600_000, 0]);
    expect(await factory.owners.listBy('sid', 's1')).toHaveLength(0);
    expect(await factory.owners.listBy('sid', 's2')).toHaveLength(1);
  });

  test('in the same request changes what its options name alone', async () => {
    const factory = make();
    await visit(factory, jar, (session) => {
      session.login('alice', OPTIONS);
      session.login('alice', { method: 'otp' });
    });
    expect(await look(factory, ({ timeout, remember, method }) => [timeout, remember, method])).toEqual([
      2 * HOUR,
      true,
      'otp',
    ]);
    expect(await factory.owners.listBy('sid', 's1')).toHaveLength(1);
  });

  test('keeps nothing of a session that was ended meanwhile', async () => {
    const factory = make();
    await logIn(factory, OPTIONS);
    const request = await Visit.open(factory, jar);
    await factory.owners.revoke('alice');
    request.session.login('alice');
    await request.end();
    expect(await look(factory, ({ timeout, remember, expiresAt }) => [timeout, remember, +expiresAt! - now])).toEqual([
      HOUR,
      null,
      DAY * 1000,
    ]);
  });
});

describe('a login as another owner', () => {
  const begin = async (factory: Factory): Promise<void> => {
    await visit(factory, jar, (session) => {
      session.assign({ locale: 'fi', cart: { items: [1] }, '@at': 'x' });
      session.flash('hello');
      session.login('alice', { remember: true, timeout: 2 * HOUR, absoluteTimeout: 3 * DAY, index: { sid: 's1' } });
    });
  };
  const switchTo = (factory: Factory, keep?: string[] | true, act: (session: Session) => void = () => {}) =>
    visit(factory, jar, (session) => {
      act(session);
      session.login('bob', keep === undefined ? {} : { keep });
    });

  test('begins with no fields, and with the limits of the factory', async () => {
    const factory = make();
    await begin(factory);
    const token = await visit(factory, jar, (session) => session.getCsrfToken());
    await switchTo(factory);
    expect(await look(factory, (session) => session.toJSON())).toEqual({});
    expect(await look(factory, ({ timeout, remember, expiresAt }) => [timeout, remember, +expiresAt! - now])).toEqual([
      HOUR,
      null,
      DAY * 1000,
    ]);
    expect(await look(factory, (session) => session.verifyCsrfToken(token))).toBe(false);
    expect(await factory.owners.listBy('sid', 's1')).toHaveLength(0);
    expect(await factory.owners.list('alice')).toHaveLength(0);
  });

  test('keeps the fields that it names, as they are by then, and those that the request has written', async () => {
    const factory = make();
    await begin(factory);
    await switchTo(factory, ['cart', 'absent'], (session) => {
      (session.get('cart') as { items: number[] }).items.push(2);
      session.set('own', 1);
    });
    expect(await look(factory, (session) => session.toJSON())).toEqual({ cart: { items: [1, 2] }, own: 1 });
  });

  test('keeps all fields with `keep: true`, but no messages and no tokens', async () => {
    const factory = make();
    await begin(factory);
    const token = await visit(factory, jar, (session) => session.getCsrfToken());
    await switchTo(factory, true, (session) => session.delete('locale'));
    expect(await look(factory, (session) => session.toJSON())).toEqual({ cart: { items: [1] }, '@at': 'x' });
    expect(await look(factory, (session) => session.peekFlash())).toEqual([]);
    expect(await look(factory, (session) => session.verifyCsrfToken(token))).toBe(false);
  });

  test('that is refused leaves the session as it was, also what the new one would have kept of it', async () => {
    const factory = make({ maxSessionsPerOwner: 1, onSessionLimit: 'refuse' });
    await visit(factory, new Jar(), (session) => session.login('bob'));
    await begin(factory);
    const request = await Visit.open(factory, jar);
    request.session.login('bob', { keep: true });
    (request.session.get('cart') as { items: number[] }).items.push(3);
    await expect(request.session.save()).rejects.toMatchObject({ code: 'ERR_SESSION_FULL' });
    await request.end();
    expect(await look(factory, (session) => [session.owner, session.get('cart')])).toEqual(['alice', { items: [1] }]);
  });

  test('a first login keeps all fields of the anonymous session', async () => {
    const factory = make();
    await visit(factory, jar, (session) => session.set('cart', [1]));
    await logIn(factory, { keep: [] });
    expect(await look(factory, (session) => session.toJSON())).toEqual({ cart: [1] });
  });
});

describe('options', () => {
  test.each<[object, RegExp]>([
    [{ remember: 'yes' }, /`options.remember` to be true or false, got a string/],
    [{ timeout: 0 }, /`options.timeout` to be an integer of seconds, between 1 and 34560000, got 0/],
    [{ timeout: 1.5 }, /`options.timeout`/],
    [{ timeout: 86_400_000 }, /in seconds, not milliseconds/],
    [{ absoluteTimeout: -1 }, /`options.absoluteTimeout` to be an integer of seconds.*\(or null for never\)/],
    [{ absoluteTimeout: '60' }, /`options.absoluteTimeout`/],
    [{ timeout: 600, absoluteTimeout: 300 }, /`options.timeout` to be at most the absolute timeout, which is 300/],
    [{ timeout: DAY + 1 }, /at most the absolute timeout, which is 86400, got 86401. Set `absoluteTimeout` too/],
    [{ keep: 'locale' }, /`options.keep` to be an array of field names, or true for all fields, got a string/],
    [{ keep: [5] }, /`key` to be/],
    [{ keep: false }, /`options.keep`/],
  ])('%j are a TypeError, and no login', async (options, message) => {
    const factory = make();
    const request = await Visit.open(factory, jar);
    expect(() => request.session.login('alice', options)).toThrow(TypeError);
    expect(() => request.session.login('alice', options)).toThrow(message);
    await request.end();
    expect(store.size).toBe(0);
  });

  test('a longer idle timeout goes with an absolute one, or with that of the session', async () => {
    const factory = make();
    await logIn(factory, { timeout: 2 * DAY, absoluteTimeout: 3 * DAY });
    await logIn(factory, { timeout: 2 * DAY + 1 });
    expect(await look(factory, ({ timeout }) => timeout)).toBe(2 * DAY + 1);
  });
});

test('operators learn of the limits: by the event `login`, and in lists', async () => {
  const factory = make();
  const events: unknown[] = [];
  factory.on('login', ({ owner, method, timeout, expiresAt, remember }) => {
    events.push({ owner, method, timeout, expiresAt, remember });
  });
  await logIn(factory, { remember: true, timeout: 600, absoluteTimeout: null });
  await visit(factory, new Jar(), (session) => session.login('bob'));
  expect(events).toEqual([
    { owner: 'alice', method: null, timeout: 600, expiresAt: null, remember: true },
    { owner: 'bob', method: null, timeout: HOUR, expiresAt: new Date(now + DAY * 1000), remember: null },
  ]);
  const [device] = await factory.owners.list('alice');
  expect(device).toMatchObject({ remember: true, timeout: 600, expiresAt: null });
});

describe('what is kept for owners', () => {
  class RecordingStore extends MinimalStore {
    readonly kept: number[] = [];

    override addIndexKey(indexKey: string, ownerHash: string, keep: number): Promise<void> {
      this.kept.push(keep);
      return super.addIndexKey(indexKey, ownerHash, keep);
    }

    override revokeOwned(
      ...[ownerHash, except, indexKey, keep]: Parameters<MemoryStore['revokeOwned']>
    ): ReturnType<MemoryStore['revokeOwned']> {
      this.kept.push(keep);
      return super.revokeOwned(ownerHash, except, indexKey, keep);
    }
  }

  let recording: RecordingStore;
  beforeEach(() => {
    recording = new RecordingStore({ now: () => now });
  });
  const index = { sid: 's1' };

  test('an index entry lasts as long as the session that it leads to', async () => {
    const factory = make({ store: recording });
    await logIn(factory, { index, timeout: 2 * HOUR, absoluteTimeout: 3 * DAY });
    pass(HOUR);
    await logIn(factory);
    expect(recording.kept).toEqual([3 * DAY, 3 * DAY - HOUR]);
  });

  test('without an absolute expiry every write adds the entry again', async () => {
    const factory = make({ store: recording });
    await logIn(factory, { index, timeout: 2 * HOUR, absoluteTimeout: null });
    await visit(factory, jar, (session) => session.set('a', 1));
    await visit(factory, jar, (session) => session.adjustTimeout(3 * HOUR));
    await logIn(factory);
    expect(recording.kept).toEqual([2 * HOUR, 2 * HOUR, 3 * HOUR, 3 * HOUR]);
  });

  test.each<[string, (session: WebsaunaSession, use: number) => unknown]>([
    ['read', (session) => session.get('n')],
    ['changed', (session, use) => session.set('n', use)],
    ['updated', (session) => session.update('n', (n) => Number(n ?? 0) + 1)],
    ['rotated', (session) => session.rotate()],
    ['given another timeout', (session, use) => session.adjustTimeout(2 * HOUR + use)],
    ['logged in to again', (session) => session.login('alice')],
  ])('C7: without one, a session that is only %s is found by its index however long it is used', async (_how, use) => {
    const factory = make({ store: recording });
    await logIn(factory, { index, timeout: 2 * HOUR, absoluteTimeout: null });
    for (let n = 0; n < 10; n++) {
      pass(1.5 * HOUR);
      await visit(factory, jar, (session) => use(session, n));
    }
    expect(await factory.owners.revokeBy('sid', 's1')).toBe(1);
    expect(await visit(factory, jar, (session) => session.owner)).toBeNull();
  });

  test('with one, no write does', async () => {
    const factory = make({ store: recording, absoluteTimeout: null });
    await logIn(factory, { index, absoluteTimeout: DAY });
    await visit(factory, jar, (session) => session.set('a', 1));
    expect(recording.kept).toEqual([DAY]);
  });

  test('a revocation is remembered for as long as any login may let its session live', async () => {
    const limits = [{}, { maxTimeout: 2 * HOUR }, { maxAbsoluteTimeout: 2 * DAY }, { maxTimeout: HOUR, timeout: 60 }];
    for (const each of limits) await make({ store: recording, ...each }).owners.revoke('alice');
    expect(recording.kept).toEqual([400 * DAY, 2 * HOUR, 2 * DAY, HOUR]);
  });
});
