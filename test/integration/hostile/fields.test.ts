import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type WebsaunaSession } from 'websauna-session';
import type { RedisOptions } from 'websauna-session/redis';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { Jar, visit, Visit } from '../../support/visit.ts';

const SECRET = 'the secret of the sessions with a foreign field';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** Everything that looks at a field. */
const LOOKS: Readonly<Record<string, (session: WebsaunaSession) => unknown>> = {
  get: (session) => session.get('bad'),
  'get with a default': (session) => session.get('bad', 1),
  setDefault: (session) => session.setDefault('bad', 1),
  pop: (session) => session.pop('bad'),
  popItem: (session) => [session.popItem(), session.popItem()],
  entries: (session) => session.entries(),
  values: (session) => session.values(),
  toJSON: (session) => JSON.stringify(session),
  inspect: (session) => inspect(session),
  data: (session) => session.data['bad'],
  'data, spread': (session) => ({ ...session.data }),
  update: (session) => session.update('bad', (value) => value ?? 1),
};

describe.each(['redis', 'ioredis'] as const)('a field that others have written, %s', (library) => {
  let factory: SessionFactory;
  let missed: { reason: string; detail: string | null }[];
  const made: SessionFactory[] = [];
  const make = (redis: RedisOptions = {}): SessionFactory => {
    const one = createSessionFactory({
      secret: SECRET,
      redis: { url: server.url, library, socketTimeout: 20, ...redis },
      // One record below is of four megabytes.
      maxSize: null,
    });
    one.on('rejected', ({ reason, detail }) => missed.push({ reason, detail }));
    made.push(one);
    return one;
  };
  beforeAll(() => {
    factory = make();
  });
  afterAll(() => Promise.all(made.map((each) => each.close())));
  beforeEach(async () => {
    missed = [];
    await server.cli('FLUSHALL');
  });

  const started = async (one = factory): Promise<{ jar: Jar; key: string }> => {
    const jar = new Jar();
    const handle = await visit(one, jar, (session) => {
      session.assign({ good: 1, bad: 2 });
      session.flash('a message');
      session.newCsrfToken();
      return session.handle;
    });
    return { jar, key: `session:${handle}` };
  };
  /** Sets a field to bytes, given in Latin-1. */
  const writeBytes = async (key: string, field: string, value: string): Promise<void> => {
    const quoted = [field, value].map((text) => `"${text.replaceAll(/[^\w]/g, escaped)}"`);
    await server.cli('EVAL', `return redis.call("HSET", KEYS[1], ${quoted.join(', ')})`, '1', key);
  };
  const escaped = (letter: string): string => `\\${letter.charCodeAt(0).toString().padStart(3, '0')}`;

  test.each(Object.entries(LOOKS))('that is no JSON is found by %s: a new session begins', async (_name, look) => {
    const { jar, key } = await started();
    await server.cli('HSET', key, 'bad', '{"unfinished":');
    const before = jar.header;
    const request = await Visit.open(factory, jar);
    await look(request.session);
    expect(missed).toEqual([{ reason: 'corrupt', detail: 'unparsable' }]);
    expect([request.session.isNew, request.session.get('good')]).toEqual([true, undefined]);
    request.session.set('fresh', true);
    await request.end();
    expect(jar.header).not.toBe(before);
    expect(await server.cli('HGET', key, 'bad')).toBe('{"unfinished":');
    expect(await server.cli('HGET', key, 'good')).toBe('1');
    expect(await visit(factory, jar, (session) => session.get('fresh'))).toBe(true);
  });

  test('that is no JSON is not noticed by what does not use it', async () => {
    const { jar, key } = await started();
    await server.cli('HSET', key, 'bad', 'not JSON');
    await visit(factory, jar, (session) => {
      expect([session.get('good'), session.has('bad'), session.size]).toEqual([1, true, 2]);
      session.set('good', 3);
    });
    await visit(factory, jar, (session) => session.rotate());
    await visit(factory, jar, (session) => session.login('alice'));
    expect(await visit(factory, jar, (session) => session.get('good'))).toBe(3);
    await visit(factory, jar, (session) => session.set('bad', 'mended'));
    expect(await visit(factory, jar, (session) => session.toJSON())).toEqual({ good: 3, bad: 'mended' });
    expect(missed).toEqual([]);
  });

  test("another program's JSON is read without being written back, and a change in it is noticed", async () => {
    const { jar, key } = await started();
    const foreign = '{ "list": [ 1.0, "\\u0041" ],\n"list2": {} }';
    await server.cli('HSET', key, 'bad', foreign);
    const saved: unknown[] = [];
    const off = factory.on('saved', (event) => saved.push(event));
    const list = (session: WebsaunaSession): unknown[] => (session.get('bad') as { list: unknown[] }).list;
    expect(await visit(factory, jar, list)).toEqual([1, 'A']);
    expect(saved).toEqual([]);
    expect(await server.cli('HGET', key, 'bad')).toBe(foreign);
    await visit(factory, jar, (session) => list(session).push('B'));
    expect(saved).toHaveLength(1);
    expect(await visit(factory, jar, list)).toEqual([1, 'A', 'B']);
    off();
  });

  test.each(['peekFlash', 'popFlash', 'takeFlash'] as const)(
    'a message that is no JSON is found by %s, and stays',
    async (method) => {
      const { jar, key } = await started();
      await server.cli('HSET', key, '@f:foreign', 'not JSON');
      await visit(factory, jar, async (session) => {
        expect([[], ['a message']]).toContainEqual(await session[method]());
        expect(session.isNew).toBe(true);
      });
      expect(missed).toEqual([{ reason: 'corrupt', detail: 'unparsable' }]);
      expect(await server.cli('HGET', key, '@f:foreign')).toBe('not JSON');
    },
  );

  test('a message of another form is no message', async () => {
    const { jar, key } = await started();
    const foreign = ['1', 'null', '"text"', '{"0":1}', '[]', '[null]', '["x","y"]'];
    for (const [index, value] of foreign.entries()) await server.cli('HSET', key, `@f:${index}`, value);
    const messages = await visit(factory, jar, (session) => session.popFlash());
    expect(messages).toContain('a message');
    expect(await visit(factory, jar, (session) => session.peekFlash())).toEqual([]);
  });

  test.each(['not JSON', '1', 'null', '[]', '{}', '""', '"short"', '["a","b"]', `"${'é'.repeat(43)}"`])(
    'a CSRF secret that is %s verifies no token, and makes no exception',
    async (stored) => {
      const { jar, key } = await started();
      const token = await visit(factory, new Jar(jar), (session) => session.getCsrfToken());
      await server.cli('HSET', key, '@c', stored);
      await visit(factory, jar, (session) => {
        expect(session.verifyCsrfToken(token)).toBe(false);
        expect(session.verifyCsrfToken('A'.repeat(86))).toBe(false);
        const next = session.getCsrfToken();
        expect([session.verifyCsrfToken(next), session.verifyCsrfToken(token)]).toEqual([true, false]);
      });
    },
  );

  test('names of inherited properties are fields like any other', async () => {
    const { jar, key } = await started();
    const names = [
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'valueOf',
      'hasOwnProperty',
      '__defineGetter__',
    ];
    for (const name of names) await server.cli('HSET', key, name, '{"polluted":true}');
    await visit(factory, jar, (session) => {
      for (const name of names) expect(session.get(name)).toEqual({ polluted: true });
      expect(session.keys().toSorted()).toEqual(['bad', 'good', ...names].toSorted());
      expect(Object.keys({ ...session.toJSON() }).toSorted()).toEqual(session.keys().toSorted());
      session.set('__proto__', 'mine');
      session.delete('constructor');
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(await server.cli('HGET', key, '__proto__')).toBe('"mine"');
    expect(await server.cli('HEXISTS', key, 'constructor')).toBe(0);
  });

  test("names of the store's own are no data", async () => {
    const { jar, key } = await started();
    for (const name of ['@x', '@zz']) await server.cli('HSET', key, name, 'not JSON');
    await server.cli('HSET', key, '@@', '"at"', '@@s', '"at s"', '', '"nameless"');
    await visit(factory, jar, (session) => {
      expect([session.get('@'), session.get('@s'), session.get('@x')]).toEqual(['at', 'at s', undefined]);
      session.set('@s', 'mine');
    });
    expect(await server.cli('HGET', key, '@@s')).toBe('"mine"');
    expect(await server.cli('HGET', key, '@s')).toMatch(/^\d+$/);
    expect(missed).toEqual([]);
  });

  test.each([
    ['strict', undefined, 'undecodable'],
    ['replace', 'caf\ufffd', null],
    ['ignore', 'caf', null],
  ] as const)('bytes that are not UTF-8, encodingErrors: %s', async (encodingErrors, expected, detail) => {
    const one = make({ encodingErrors });
    const { jar, key } = await started(one);
    await writeBytes(key, 'bad', '"caf\xe9"');
    expect(await visit(one, new Jar(jar), (session) => session.get('bad'))).toBe(expected);
    expect(missed).toEqual(detail === null ? [] : [{ reason: 'corrupt', detail }]);
    if (detail !== null) return;
    await visit(one, jar, (session) => session.set('good', 2));
    expect(await server.cli('HSTRLEN', key, 'bad')).toBe(6);
    const updating = visit(one, new Jar(jar), (session) => session.update('bad', (value) => `${String(value)}!`));
    await expect(updating).rejects.toMatchObject({ code: 'ERR_SESSION_STORE', status: 503 });
    await visit(one, jar, (session) => session.set('bad', 'café'));
    expect(await visit(one, jar, (session) => session.update('bad', (value) => `${String(value)}!`))).toBe('café!');
  });

  test('a name that is not UTF-8 harms nothing', async () => {
    const { jar, key } = await started();
    await writeBytes(key, 'n\xe9', '1');
    await visit(factory, jar, (session) => {
      expect(session.get('good')).toBe(1);
      session.clear();
    });
    await visit(factory, jar, (session) => session.rotate());
    await visit(factory, jar, (session) => session.login('alice'));
    expect(await visit(factory, jar, (session) => session.owner)).toBe('alice');
  });

  test('text in another encoding is kept, CSRF secrets and messages included', async () => {
    for (const encoding of ['utf-16le', 'latin1'] as const) {
      const one = make({ encoding, prefix: `${encoding}:` });
      const { jar } = await started(one);
      const token = await visit(one, jar, (session) => {
        session.assign({ good: 'café', '@at': 'é' });
        return session.getCsrfToken();
      });
      await visit(one, jar, (session) => session.login('žofie'));
      await visit(one, jar, (session) => {
        expect([session.get('good'), session.get('@at'), session.owner]).toEqual(['café', 'é', 'žofie']);
        expect([session.popFlash(), session.verifyCsrfToken(token)]).toEqual([['a message'], false]);
      });
      expect(await visit(one, jar, (session) => session.update('good', (value) => `${String(value)}!`))).toBe('café!');
    }
    expect(missed).toEqual([]);
  });

  test('very many fields, and a very large one, are read, changed, moved and cleared', async () => {
    const { jar, key } = await started();
    const source =
      "for i = 1, 20000 do redis.call('HSET', KEYS[1], 'f' .. i, i) end redis.call('HSET', KEYS[1], 'large', '\"' .. string.rep('x', 4000000) .. '\"')";
    await server.cli('EVAL', source, '1', key);
    await visit(factory, jar, (session) => {
      expect([session.size, session.get('f19999'), String(session.get('large')).length]).toEqual([
        20_003, 19_999, 4_000_000,
      ]);
      session.set('f1', 'changed');
    });
    await visit(factory, jar, (session) => session.rotate());
    await visit(factory, jar, (session) => session.login('alice'));
    await visit(factory, jar, (session) => {
      expect([session.get('f1'), session.get('f2'), session.owner]).toEqual(['changed', 2, 'alice']);
      session.clear();
    });
    await visit(factory, jar, (session) => {
      expect(session.size).toBe(0);
      session.assign(Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`g${index}`, index])));
    });
    expect(await visit(factory, jar, (session) => session.size)).toBe(10_000);
    expect(missed).toEqual([]);
  });
});
