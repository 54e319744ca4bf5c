import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Jar, visit, Visit } from '../../support/visit.ts';

const SECRET = 'the secret of the sessions that only we can read';
const [OLD_KEY, NEW_KEY] = [randomBytes(32), randomBytes(32)];
const DATA = { card: '4111 1111 1111 1111', cart: { items: ['a book'] }, seen: 1, unread: ['never', 'looked', 'at'] };

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

describe.each(['redis', 'ioredis'] as const)('encrypted sessions, %s', (library) => {
  const made: SessionFactory[] = [];
  const make = (options: Partial<SessionOptions> = {}): SessionFactory => {
    const factory = createSessionFactory({
      secret: SECRET,
      redis: { url: server.url, library, socketTimeout: 20 },
      serializer: encrypted({ key: OLD_KEY }),
      ...options,
    });
    factory.on('rejected', ({ reason, detail }) => missed.push(`${reason} ${detail}`));
    made.push(factory);
    return factory;
  };
  let missed: string[];
  let factory: SessionFactory;
  let jar: Jar;
  let key: string;

  beforeAll(() => {
    factory = make();
  });
  afterAll(() => Promise.all(made.map((each) => each.close())));
  beforeEach(async () => {
    missed = [];
    await server.cli('FLUSHALL');
    jar = await started();
    key = await keyOf(jar);
  });

  const started = async (data: Record<string, unknown> = DATA): Promise<Jar> => {
    const browser = new Jar();
    await visit(factory, browser, (session) => {
      session.assign(data);
      session.flash('a private message');
    });
    return browser;
  };
  const keyOf = (browser: Jar): Promise<string> =>
    visit(factory, new Jar(browser), (session) => `session:${session.handle}`);
  const readAll = (browser = jar, one = factory): Promise<unknown> =>
    visit(one, browser, (session) => ({ ...session.toJSON() }));
  const dumpAll = async (): Promise<string> => {
    const parts: unknown[] = [];
    for (const each of (await server.cli('KEYS', '*')) as string[]) {
      parts.push(await server.cli('HGETALL', each).catch(() => server.cli('ZRANGE', each, '0', '-1')));
    }
    return JSON.stringify(parts);
  };

  test('come back as they were, and are nothing but ciphertext in Redis', async () => {
    expect(await readAll()).toEqual(DATA);
    expect(await visit(factory, jar, (session) => session.peekFlash())).toEqual(['a private message']);
    const dump = await dumpAll();
    for (const text of ['4111 1111', 'a book', 'looked', 'private', 'message']) expect(dump).not.toContain(text);
    expect(await server.cli('HGET', key, 'card')).toMatch(/^e1\.[\w-]+$/);
  });

  test('a value with any character changed is found when it is used, and a new session begins', async () => {
    const stored = String(await server.cli('HGET', key, 'card'));
    for (let i = 0; i < stored.length; i += 3) {
      const other = stored[i] === 'A' ? 'B' : 'A';
      await server.cli('HSET', key, 'card', stored.slice(0, i) + other + stored.slice(i + 1));
      missed = [];
      const read = await visit(factory, new Jar(jar), (session) => [
        session.get('seen'),
        session.get('card'),
        session.get('seen'),
      ]);
      expect(read).toEqual([1, undefined, undefined]);
      expect(missed).toEqual(['corrupt unparsable']);
    }
    for (const other of [
      `${stored}=`,
      `${stored}A`,
      `*${stored}`,
      `${stored.slice(0, 20)}*${stored.slice(20)}`,
      `${stored} `,
    ]) {
      await server.cli('HSET', key, 'card', other);
      expect(await visit(factory, new Jar(jar), (session) => session.get('card'))).toBeUndefined();
    }
    await server.cli('HSET', key, 'card', stored);
    expect(await readAll()).toEqual(DATA);
  });

  test.each(['', 'e1.', 'e1.AAAA', '"plain JSON"', '1', 'e2.AAAA', '\ufffd'])(
    'a value that is %j is found too',
    async (value) => {
      await server.cli('HSET', key, 'card', value);
      expect(await visit(factory, jar, (session) => session.get('card'))).toBeUndefined();
      expect(missed).toEqual(['corrupt unparsable']);
    },
  );

  test('a value moved to another field is found', async () => {
    await server.cli('HSET', key, 'seen', String(await server.cli('HGET', key, 'unread')));
    expect(await visit(factory, jar, (session) => session.get('seen'))).toBeUndefined();
    expect(missed).toEqual(['corrupt unparsable']);
  });

  test("a value taken from another session, or from the same one's past before a rotation, is found", async () => {
    const other = await started({ card: 'of a thief' });
    await server.cli('HSET', key, 'card', String(await server.cli('HGET', await keyOf(other), 'card')));
    expect(await visit(factory, new Jar(jar), (session) => session.get('card'))).toBeUndefined();
    const past = await started({ seen: 'before' });
    const old = String(await server.cli('HGET', await keyOf(past), 'seen'));
    await visit(factory, past, (session) => session.rotate());
    await server.cli('HSET', await keyOf(past), 'seen', old);
    expect(await visit(factory, past, (session) => session.get('seen'))).toBeUndefined();
    expect(missed).toEqual(['corrupt unparsable', 'corrupt unparsable']);
  });

  test("a record copied under a thief's handle opens nothing of it", async () => {
    const thief = await started({ mine: 1 });
    const thiefs = await keyOf(thief);
    await server.cli('DEL', thiefs);
    await server.cli('COPY', key, thiefs);
    const read = await visit(factory, thief, (session) => ({ ...session.toJSON() }));
    expect(Object.values(read).filter((value) => value !== undefined)).toEqual([]);
    expect(missed).toEqual(['corrupt unparsable']);
    expect(await readAll()).toEqual(DATA);
  });

  test('a value encrypted with an older key is read, and written with the newest', async () => {
    const rotating = make({ serializer: encrypted({ keys: [NEW_KEY, OLD_KEY] }) });
    const before = String(await server.cli('HGET', key, 'card'));
    await visit(rotating, jar, (session) => {
      expect(session.get('card')).toBe(DATA.card);
      session.set('card', 'another');
    });
    expect(String(await server.cli('HGET', key, 'card')).slice(0, 12)).not.toBe(before.slice(0, 12));
    expect(await readAll(new Jar(jar), rotating)).toEqual({ ...DATA, card: 'another' });
    await visit(rotating, jar, (session) => session.rotate());
    const newOnly = make({ serializer: encrypted({ key: NEW_KEY }) });
    expect(await readAll(jar, newOnly)).toEqual({ ...DATA, card: 'another' });
    expect(await visit(newOnly, jar, (session) => session.popFlash())).toEqual(['a private message']);
    expect(missed).toEqual([]);
  });

  test('a removed key: a new session begins, and the old record stays', async () => {
    const newOnly = make({ serializer: encrypted({ key: NEW_KEY }) });
    expect(await visit(newOnly, new Jar(jar), (session) => session.get('card'))).toBeUndefined();
    expect(missed).toEqual(['corrupt unparsable']);
    expect(await readAll()).toEqual(DATA);
  });

  test.each(['rotate', 'login'] as const)(
    '%s re-encrypts every field, those included that the request never used',
    async (act) => {
      const before = new Set(Object.values(await fields(key)));
      await visit(factory, jar, (session) => (act === 'rotate' ? session.rotate() : session.login('alice')));
      const after = await fields(await moved());
      for (const value of Object.values(after)) expect(before).not.toContain(value);
      expect(await readAll()).toEqual(DATA);
      expect(await visit(factory, jar, (session) => session.popFlash())).toEqual(['a private message']);
    },
  );

  const moved = async (): Promise<string> => {
    const handle = await visit(factory, new Jar(jar), (session) => session.handle);
    return ((await server.cli('KEYS', `*${handle}`)) as [string])[0];
  };
  const fields = async (name: string): Promise<Record<string, string>> => {
    const flat = (await server.cli('HGETALL', name)) as string[];
    const pairs = flat.flatMap((field, i) => (i % 2 === 0 ? [[field, flat[i + 1]!] as const] : []));
    return Object.fromEntries(pairs.filter(([field]) => !field.startsWith('@') || field.length > 2));
  };

  test.each(['rotate', 'login'] as const)(
    '%s that races with writes, deletions, updates and new fields loses none of them',
    async (act) => {
      const moving = await Visit.open(factory, jar);
      moving.session.set('mine', 'of the mover');
      moving.session.delete('unread');
      if (act === 'rotate') moving.session.rotate();
      else moving.session.login('alice');
      await visit(factory, new Jar(jar), (session) => {
        session.set('card', 'changed meanwhile');
        session.set('added', { meanwhile: true });
        session.delete('seen');
        session.flash('another message');
      });
      await visit(factory, new Jar(jar), (session) => session.update('count', (n) => Number(n ?? 0) + 1));
      await moving.end();
      expect(await readAll()).toEqual({
        card: 'changed meanwhile',
        cart: DATA.cart,
        added: { meanwhile: true },
        count: 1,
        mine: 'of the mover',
      });
      expect(await visit(factory, jar, (session) => session.popFlash())).toEqual([
        'a private message',
        'another message',
      ]);
      expect(missed).toEqual([]);
    },
  );

  test('forty requests at once, of which some rotate: every write is kept', async () => {
    const jars = Array.from({ length: 40 }, () => new Jar(jar));
    const visits = await Promise.all(jars.map((each) => Visit.open(factory, each)));
    await Promise.all(
      visits.map(async (each, i) => {
        each.session.set(`f${i}`, i);
        if (i % 10 === 5) each.session.rotate();
        await each.end();
      }),
    );
    const [data] = (await Promise.all(jars.map((each) => readAll(each)))) as [Record<string, unknown>];
    for (let i = 0; i < 40; i++) expect(data[`f${i}`]).toBe(i);
    expect(data).toMatchObject(DATA);
    expect(new Set(jars.map((each) => each.header)).size).toBe(1);
    expect(missed).toEqual([]);
  });

  test('after a write that followed a rotation the request reads on: fields, messages and updates', async () => {
    const slow = await Visit.open(factory, new Jar(jar));
    await visit(factory, jar, (session) => session.rotate());
    slow.session.set('late', true);
    await slow.session.save();
    expect(slow.session.get('card')).toBe(DATA.card);
    expect(slow.session.get('cart')).toEqual(DATA.cart);
    expect(slow.session.peekFlash()).toEqual(['a private message']);
    expect(await slow.session.update('seen', (n) => Number(n) + 1)).toBe(2);
    await slow.end();
    expect(await readAll()).toEqual({ ...DATA, seen: 2, late: true });
    expect(missed).toEqual([]);
  });

  test('after an update that followed a rotation the request reads and updates on', async () => {
    const slow = await Visit.open(factory, new Jar(jar));
    await visit(factory, jar, (session) => session.rotate());
    expect(await slow.session.update('seen', (n) => Number(n) + 1)).toBe(2);
    expect(await slow.session.update('seen', (n) => Number(n) + 1)).toBe(3);
    expect(await slow.session.update('other', (n) => Number(n ?? 0) + 1)).toBe(1);
    expect(slow.session.get('card')).toBe(DATA.card);
    (slow.session.get('cart') as { items: string[] }).items.push('pen');
    await slow.end();
    expect(await readAll()).toEqual({ ...DATA, seen: 3, other: 1, cart: { items: ['a book', 'pen'] } });
    expect(missed).toEqual([]);
  });

  test('after messages were taken from a session that was rotated meanwhile the request reads on', async () => {
    const slow = await Visit.open(factory, new Jar(jar));
    await visit(factory, jar, (session) => session.rotate());
    expect(await slow.session.takeFlash()).toEqual(['a private message']);
    expect(slow.session.get('card')).toBe(DATA.card);
    slow.session.flash('later');
    await slow.end();
    expect(await readAll()).toEqual(DATA);
    expect(await visit(factory, jar, (session) => session.popFlash())).toEqual(['later']);
    expect(missed).toEqual([]);
  });

  test('a rotation of a record that cannot be read begins a new session, with what the request wrote', async () => {
    for (const act of ['rotate', 'login'] as const) {
      const browser = await started();
      await server.cli('HSET', await keyOf(browser), 'unread', 'tampered');
      missed = [];
      await visit(factory, browser, (session) => {
        session.set('mine', act);
        if (act === 'rotate') session.rotate();
        else session.login('alice');
      });
      expect(missed).toEqual(['corrupt unparsable']);
      expect(await readAll(browser)).toEqual({ mine: act });
    }
  });

  test('a field that cannot be read and is cleared does not keep a login waiting', async () => {
    await server.cli('EVAL', 'return redis.call("HSET", KEYS[1], "n\\233", "1", "unread", "tampered")', '1', key);
    await visit(factory, jar, (session) => {
      session.clear();
      session.login('alice');
    }).catch((error: unknown) => expect(error).toMatchObject({ code: 'ERR_SESSION_CONFLICT', status: 503 }));
  });

  test('reading changes nothing: a nested value is compared by what it is, not by its ciphertext', async () => {
    const saved: unknown[] = [];
    factory.on('saved', (event) => saved.push(event));
    await readAll();
    await visit(factory, jar, (session) => (session.get('cart') as { items: string[] }).items.length);
    expect(saved).toEqual([]);
    await visit(factory, jar, (session) => (session.get('cart') as { items: string[] }).items.push('pen'));
    expect(saved).toMatchObject([{ set: 1, deleted: 0 }]);
    expect(await readAll()).toEqual({ ...DATA, cart: { items: ['a book', 'pen'] } });
  });
});
