// Flash messages of every kind: what is refused, what counts as a duplicate, and what a queue may be called.
import { deserialize, serialize } from 'node:v8';
import { beforeEach, describe, expect, test } from 'vitest';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import { MemoryStore } from 'websauna-session/memory';
import { Jar, visit } from '../support/visit.ts';

type Data = Record<string, unknown>;

const V8: Partial<SessionOptions<Data>> = {
  serialize: (value) => serialize(value),
  deserialize: (stored) => deserialize(stored as Buffer) as unknown,
};
const ENCRYPTED: Partial<SessionOptions<Data>> = {
  serializer: encrypted({
    key: Buffer.from(Array.from({ length: 32 }, (_, i) => i)),
    serializer: {
      serialize: (value) => serialize(value),
      deserialize: (stored) => deserialize(stored as Buffer) as unknown,
    },
  }),
};

let factory: SessionFactory<Data>;
let jar: Jar;
beforeEach(() => use({}));

function use(options: Partial<SessionOptions<Data>>): void {
  factory = createSessionFactory<Data>({
    secret: 'a secret of more than thirty-two bytes',
    store: new MemoryStore(),
    ...options,
  });
  jar = new Jar();
}

const next = <T>(act: (session: WebsaunaSession<Data>) => T | Promise<T>): Promise<T> => visit(factory, jar, act);

describe('a flash message', () => {
  test.each(['\ud800', 'a\udc00', '\ude00\ud83d'])(
    'with a queue of lone surrogates, %j, is a TypeError, not a URIError',
    async (queue) => {
      await next(async (session) => {
        for (const act of [
          () => session.flash('a', queue),
          () => session.popFlash(queue),
          () => session.peekFlash(queue),
        ]) {
          expect(act).toThrow(TypeError);
          expect(act).toThrow('`queue` to be text without lone surrogates');
        }
        await expect(session.takeFlash(queue)).rejects.toThrow('`queue` to be text without lone surrogates');
      });
    },
  );

  test.each([true, false])('that is undefined is refused, allowDuplicate %j', async (allowDuplicate) => {
    await next((session) => {
      expect(() => session.flash(undefined, '', allowDuplicate)).toThrow(
        'Expected `message` to be a value that can be stored',
      );
    });
    expect(jar.header).toBeUndefined();
  });

  test('may go to a queue of any text, and stays there', async () => {
    const queues = ['', ':', 'a:b', 'a', '%', '\u{1f600}', '__proto__', 'toString', '@f'];
    await next((session) => {
      for (const queue of queues) session.flash(`of ${queue}`, queue);
    });
    for (const queue of queues) {
      expect(await next((session) => session.peekFlash(queue))).toEqual([`of ${queue}`]);
    }
    expect(await next((session) => session.keys())).toEqual([]);
  });
});

describe('without duplicates', () => {
  const PAIRS: [string, () => unknown, () => unknown][] = [
    ['texts', () => 'a', () => 'b'],
    ['numbers', () => 1, () => 2],
    ['objects', () => ({ a: [1] }), () => ({ a: [2] })],
    ['null and false', () => null, () => false],
  ];
  const RICH: [string, () => unknown, () => unknown][] = [
    ...PAIRS,
    ['BigInts', () => 1n, () => 2n],
    ['Maps', () => new Map([[1, 'a']]), () => new Map([[1, 'b']])],
    ['Sets', () => new Set([1]), () => new Set([2])],
    ['Dates', () => new Date(0), () => new Date(1)],
  ];

  test.each([
    ...PAIRS.map((pair) => ['JSON', {}, ...pair] as const),
    ...RICH.map((pair) => ['V8', V8, ...pair] as const),
    ...RICH.map((pair) => ['encrypted()', ENCRYPTED, ...pair] as const),
  ])('%s: equal messages are one, and others are not (%#)', async (_, options, _title, one, other) => {
    use(options);
    await next((session) => {
      session.flash(one(), '', false);
      session.flash(one(), '', false);
      session.flash(other(), '', false);
    });
    await next((session) => {
      session.flash(one(), '', false);
      session.flash(one());
    });
    expect(await next((session) => session.popFlash())).toEqual([one(), other(), one()]);
  });

  test('two requests at once that leave the same message leave one', async () => {
    await next((session) => session.set('a', 1));
    await Promise.all(
      [0, 1, 2].map(() => visit(factory, new Jar(jar), (session) => session.flash('Saved', 'info', false))),
    );
    expect(await next((session) => session.popFlash('info'))).toEqual(['Saved']);
  });
});
