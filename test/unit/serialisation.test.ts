import { createSessionFactory, type Serializer, type SessionFactory } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { beforeEach, expect, test } from 'vitest';
import { Jar, visit } from '../support/visit.ts';

type Data = Record<string, unknown>;

const FIELDS = 300;
const objects = Object.fromEntries(Array.from({ length: FIELDS }, (_, i) => [`o${i}`, { i, list: [1, 2] }]));
const numbers = Object.fromEntries(Array.from({ length: FIELDS }, (_, i) => [`n${i}`, i]));

/** The names of the fields that were serialised and parsed. */
let serialised: string[] = [];
let parsed: string[] = [];

const counting: Serializer = {
  serialize(value, { field }) {
    serialised.push(field);
    return JSON.stringify(value);
  },
  deserialize(stored, { field }) {
    parsed.push(field);
    return JSON.parse(String(stored));
  },
};

const store = new MemoryStore();
// Every request has a touch to commit, which serialises nothing either.
const factory: SessionFactory<Data> = createSessionFactory<Data>({
  secret: 'a secret of more than thirty-two bytes',
  store,
  serializer: counting,
  touchInterval: 0,
});
let jar: Jar;

beforeEach(async () => {
  jar = new Jar();
  await visit(factory, jar, (session) => session.assign({ ...numbers, ...objects }));
  [serialised, parsed] = [[], []];
});

test('a new session serialises its own fields and parses none', async () => {
  await visit(factory, new Jar(), (session) => session.assign({ a: 1, b: { c: 2 } }));
  expect([new Set(serialised), parsed]).toEqual([new Set(['a', 'b']), []]);
});

test('a request that uses no field parses and serialises none', async () => {
  await visit(factory, jar, () => {});
  expect([serialised, parsed]).toEqual([[], []]);
});

test('names, sizes and what is there cost nothing', async () => {
  await visit(factory, jar, (session) => {
    expect([session.size, session.has('n1'), session.has('none'), 'o1' in session.data]).toEqual([
      600,
      true,
      false,
      true,
    ]);
    expect([...session]).toHaveLength(600);
  });
  expect([serialised, parsed]).toEqual([[], []]);
});

test('reading one primitive of 600 fields, however often, is one parse', async () => {
  await visit(factory, jar, (session) => {
    for (let i = 0; i < 3; i++) expect([session.get('n7'), session.data['n7']]).toEqual([7, 7]);
  });
  expect([serialised, parsed]).toEqual([[], ['n7']]);
});

test('reading one object is one parse, and one serialisation to compare it with what was loaded', async () => {
  await visit(factory, jar, (session) => {
    for (let i = 0; i < 3; i++) expect(session.get('o7')).toBe(session.get('o7'));
  });
  expect([serialised, parsed]).toEqual([['o7'], ['o7']]);
});

test('setting one field is one serialisation and no parse', async () => {
  await visit(factory, jar, (session) => session.set('o7', { new: true }));
  expect([serialised, parsed]).toEqual([['o7'], []]);
});

test('changing a field that was read is one parse and one serialisation', async () => {
  await visit(factory, jar, (session) => session.set('n7', Number(session.get('n7')) + 1));
  expect([serialised, parsed]).toEqual([['n7'], ['n7']]);
});

// A difference is looked at twice: it could be one of form alone, such as the spaces of another program's JSON.
test('changing an object in place costs that field two parses and two serialisations, and others none', async () => {
  await visit(factory, jar, (session) => (session.get('o7') as { list: number[] }).list.push(3));
  expect([serialised, parsed]).toEqual([
    ['o7', 'o7'],
    ['o7', 'o7'],
  ]);
  expect(await visit(factory, jar, (session) => session.get('o7'))).toEqual({ i: 7, list: [1, 2, 3] });
});

test('deleting a field parses and serialises none', async () => {
  await visit(factory, jar, (session) => session.delete('o7'));
  expect([serialised, parsed]).toEqual([[], []]);
});

test('an update parses and serialises its field once', async () => {
  await visit(factory, jar, (session) => session.update('n7', (n) => Number(n) + 1));
  expect([serialised, parsed.filter((name) => name !== 'n7')]).toEqual([['n7'], []]);
});

test('a flash, a rotation, a login and a logout serialise nothing that is stored', async () => {
  await visit(factory, jar, (session) => session.flash('Saved'));
  await visit(factory, jar, (session) => session.rotate());
  await visit(factory, jar, (session) => session.login('alice'));
  await visit(factory, jar, (session) => session.logout());
  const stored = [...serialised, ...parsed].filter((name) => /^[no]\d+$/.test(name));
  expect(stored).toEqual([]);
});

test('a conflict on another field is none: each request serialises only its own field', async () => {
  await Promise.all([
    visit(factory, jar, (session) => session.set('n1', 10)),
    visit(factory, new Jar(jar), (session) => session.set('n2', 20)),
  ]);
  expect([serialised.toSorted(), parsed]).toEqual([['n1', 'n2'], []]);
});
