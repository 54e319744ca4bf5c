// `maxSessionsPerOwner` where some of an owner's sessions are of logins under an older secret.
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, visit } from '../support/visit.ts';

type Data = Record<string, unknown>;
type Factory = SessionFactory<Data>;

const OLD = 'the old secret of more than thirty-two bytes';
const NEW = 'the new secret of more than thirty-two bytes';

let now: number;
let store: MemoryStore;
let evicted: string[];
beforeEach(() => {
  now = 1_750_000_000_000;
  store = new MemoryStore({ now: () => now });
  evicted = [];
});

function make(secret: string | string[], options: Partial<SessionOptions<Data>> = {}): Factory {
  const factory = createSessionFactory<Data>({ secret, store, ...options });
  factory.on('destroyed', ({ handle, reason }) => evicted.push(`${reason} ${handle}`));
  return factory;
}

/** Logs in on another device, and returns the session's handle. */
async function logIn(factory: Factory, jar = new Jar()): Promise<string> {
  now += 1000;
  await visit(factory, jar, (session) => session.login('alice'));
  return await visit(factory, jar, (session) => session.handle);
}

const handles = async (factory: Factory): Promise<string[]> =>
  (await factory.owners.list('alice')).map(({ handle }) => handle);

describe("'evict-oldest'", () => {
  test('ends the oldest of an older secret first, one for each that is too many', async () => {
    const before = make(OLD);
    const [first, second] = [await logIn(before), await logIn(before)];
    const after = make([NEW, OLD], { maxSessionsPerOwner: 3 });
    const third = await logIn(after);
    expect(evicted).toEqual([]);
    const fourth = await logIn(after);
    expect(evicted).toEqual([`evicted ${first}`]);
    const fifth = await logIn(after);
    expect(evicted).toEqual([`evicted ${first}`, `evicted ${second}`]);
    expect(await handles(after)).toEqual([third, fourth, fifth]);
    const sixth = await logIn(after);
    expect(evicted.at(-1)).toBe(`evicted ${third}`);
    expect(await handles(after)).toEqual([fourth, fifth, sixth]);
  });

  test('ends several at once where the limit was lowered', async () => {
    const before = make(OLD);
    const old = [await logIn(before), await logIn(before), await logIn(before)];
    const after = make([NEW, OLD], { maxSessionsPerOwner: 1 });
    const last = await logIn(after);
    expect(evicted).toEqual(old.map((handle) => `evicted ${handle}`));
    expect(await handles(after)).toEqual([last]);
  });

  test('does not count the session that the login takes over', async () => {
    const jar = new Jar();
    const before = make(OLD);
    const other = await logIn(before);
    await logIn(before, jar);
    const after = make([NEW, OLD], { maxSessionsPerOwner: 2 });
    const again = await logIn(after, jar);
    expect(evicted.filter((each) => each.startsWith('evicted'))).toEqual([]);
    expect(await handles(after)).toEqual([other, again]);
  });

  test('ends nothing without a limit', async () => {
    await logIn(make(OLD));
    const after = make([NEW, OLD]);
    await logIn(after);
    expect(evicted).toEqual([]);
    expect(await handles(after)).toHaveLength(2);
  });
});

describe("'refuse'", () => {
  test('counts the sessions of an older secret, and ends none', async () => {
    const before = make(OLD);
    await logIn(before);
    const after = make([NEW, OLD], { maxSessionsPerOwner: 2, onSessionLimit: 'refuse' });
    await logIn(after);
    await expect(logIn(after)).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_FULL' }));
    expect(evicted).toEqual([]);
  });

  test.each([
    [1, 'as many as'],
    [2, 'more than'],
  ])('with %i sessions of an older secret, %s the limit, refuses every login', async (count) => {
    const before = make(OLD);
    for (let i = 0; i < count; i++) await logIn(before);
    const after = make([NEW, OLD], { maxSessionsPerOwner: 1, onSessionLimit: 'refuse' });
    await expect(logIn(after)).rejects.toThrow(expect.objectContaining({ code: 'ERR_SESSION_FULL' }));
    expect(await handles(after)).toHaveLength(count);
  });
});
