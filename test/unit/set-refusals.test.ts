// What a serializer refuses is refused where it is set; what is changed inside a value afterwards, at the commit.
import { randomBytes } from 'node:crypto';
import { createSessionFactory, type SessionFactory, type SessionOptions, type WebsaunaSession } from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import { MemoryStore } from 'websauna-session/memory';
import { expect, test } from 'vitest';
import { Jar, visit, Visit } from '../support/visit.ts';

type Data = Record<string, unknown>;

function make(options: Partial<SessionOptions<Data>> = {}): SessionFactory<Data> {
  return createSessionFactory<Data>({
    secret: 'a secret of more than thirty-two bytes',
    store: new MemoryStore(),
    ...options,
  });
}

const LOST = { items: [{ added: new Date(0) }] };
const REFUSED = { code: 'ERR_SESSION_SERIALIZE' };
const cycle: Data = {};
cycle['self'] = { cycle };

test.each<[string, (session: WebsaunaSession<Data>) => unknown, string]>([
  ['set', (session) => session.set('cart', LOST), '`cart.items[0].added` is a Date'],
  ['data', (session) => (session.data['cart'] = LOST), '`cart.items[0].added` is a Date'],
  ['assign', (session) => session.assign({ a: 1, cart: LOST }), '`cart.items[0].added` is a Date'],
  ['setDefault', (session) => session.setDefault('cart', LOST), '`cart.items[0].added` is a Date'],
  ['flash', (session) => session.flash(LOST), '`message.items[0].added` is a Date'],
  ['flash without duplicates', (session) => session.flash(LOST, '', false), '`message.items[0].added` is a Date'],
  ['a cycle', (session) => session.set('cart', cycle), '`cart.self.cycle` is a cycle'],
  ['a number that is none', (session) => session.set('cart', Number.NaN), '`cart` is NaN'],
])('%s refuses at once, names the place, and the rest is stored', async (_, act, where) => {
  for (const options of [{}, { serializer: encrypted({ key: randomBytes(32) }) }]) {
    const factory = make(options);
    const jar = new Jar();
    await visit(factory, jar, (session) => {
      session.set('before', 1);
      expect(() => act(session)).toThrow(expect.objectContaining(REFUSED));
      expect(() => act(session)).toThrow(where);
      session.set('after', 2);
    });
    const stored = await visit(factory, jar, (session) => ({ ...session.toJSON(), flash: session.peekFlash() }));
    expect(stored).toEqual(expect.objectContaining({ before: 1, after: 2, flash: [] }));
    expect(stored).not.toHaveProperty('cart');
  }
});

test.each([true, false])('update refuses what the function returns; stored before: %s', async (isStored) => {
  const factory = make();
  const jar = new Jar();
  if (isStored) await visit(factory, jar, (session) => session.set('cart', []));
  await visit(factory, jar, async (session) => {
    await expect(session.update('cart', () => LOST)).rejects.toThrow('`cart.items[0].added` is a Date');
    session.set('after', 2);
  });
  const stored = await visit(factory, jar, (session) => ({ ...session.toJSON() }));
  expect(stored).toEqual(isStored ? { cart: [], after: 2 } : { after: 2 });
});

test('a change inside a value that was set or read is refused at the commit, which stores nothing', async () => {
  const factory = make();
  const jar = new Jar();
  await visit(factory, jar, (session) => session.set('cart', { items: [] }));
  for (const act of [
    (session: WebsaunaSession<Data>) =>
      (session.get('cart') as { items: unknown[] }).items.push({ added: new Date(0) }),
    (session: WebsaunaSession<Data>) => {
      const cart: Data = {};
      session.set('cart', cart);
      cart['items'] = [{ added: new Date(0) }];
    },
  ]) {
    const visiting = await Visit.open(factory, new Jar(jar));
    act(visiting.session);
    visiting.session.set('other', 1);
    await expect((async () => await visiting.end())()).rejects.toThrow('`cart.items[0].added` is a Date');
    expect(await visit(factory, jar, (session) => ({ ...session.toJSON() }))).toEqual({ cart: { items: [] } });
  }
});

test('a serializer without `check` refuses at the commit', async () => {
  const factory = make({
    serialize: (value) => JSON.stringify(value, refuseDates),
    deserialize: (text) => JSON.parse(String(text)),
  });
  const visiting = await Visit.open(factory, new Jar());
  visiting.session.set('when', { at: 'refused' });
  await expect((async () => await visiting.end())()).rejects.toThrow('no');
});

function refuseDates(_key: string, value: unknown): unknown {
  if (value === 'refused') throw new Error('no');
  return value;
}
