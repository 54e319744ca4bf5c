// What a request knows of its session's fields, and what it has changed, without a store.
import { describe, expect, test } from 'vitest';
import { AsyncSchemaError } from '../../../src/engine/field-schema.ts';
import { FieldTracker, isSame } from '../../../src/engine/fields.ts';
import { UnreadableField, type FieldSerializer } from '../../../src/engine/stored-fields.ts';
import type { Stored } from '../../../src/stores/store.ts';

/** Text; values that are undefined in the store count as none, as those that no longer fit a schema. */
const TEXT: FieldSerializer = {
  serialize: (value) => JSON.stringify(value),
  deserialize: (stored) => JSON.parse(String(stored)) as unknown,
};
/** Bytes, with spaces that it does not write back. */
const BYTES: FieldSerializer = {
  serialize: (value) => Buffer.from(JSON.stringify(value)),
  deserialize: (stored) => JSON.parse(Buffer.from(stored as Uint8Array).toString()) as unknown,
};
/** Never writes the same twice, as encryption does, and binds what it writes to its handle. */
function sealing(): FieldSerializer & { seals: string[] } {
  let count = 0;
  const seals: string[] = [];
  return {
    seals,
    boundToHandle: true,
    serialize(value, { handle }) {
      seals.push(handle);
      return `${handle}#${++count}#${JSON.stringify(value)}`;
    },
    deserialize(stored, { handle }) {
      const [under, , text] = String(stored).split('#') as [string, string, string];
      if (under !== handle) throw new Error('bound to another handle');
      return JSON.parse(text) as unknown;
    },
    stableForm: (value) => JSON.stringify(value),
  };
}
const VALIDATING: FieldSerializer = {
  ...TEXT,
  validates: (field) => field !== 'free',
  deserialize: (stored) => (stored === '"unfit"' ? undefined : (JSON.parse(String(stored)) as unknown)),
};

function loaded(stored: Record<string, Stored>, serializer: FieldSerializer = TEXT, handle = 'h'): FieldTracker {
  const fields = new FieldTracker(serializer);
  fields.load(stored, handle);
  return fields;
}

function changes(fields: FieldTracker, handle = 'h'): unknown {
  const found = fields.changes(handle);
  return found === null ? null : [Object.fromEntries(found.set), [...found.delete]];
}

function commit(fields: FieldTracker, handle = 'h'): void {
  fields.committed(fields.changes(handle), handle);
}

describe('reading', () => {
  test('parses a field once, and changes nothing', () => {
    let parsed = 0;
    const fields = loaded({ a: '{"n":1}' }, { ...TEXT, deserialize: (text) => (parsed++, JSON.parse(String(text))) });
    expect(fields.get('a')).toBe(fields.get('a'));
    expect([parsed, fields.get('none'), fields.has('none'), fields.has('a')]).toEqual([1, undefined, false, true]);
    expect([changes(fields), fields.changed]).toEqual([null, false]);
  });

  test('of names that every object has finds nothing', () => {
    const fields = loaded({ a: '1' });
    expect(['toString', '__proto__', 'constructor'].map((name) => [fields.has(name), fields.get(name)])).toEqual(
      Array.from({ length: 3 }, () => [false, undefined]),
    );
  });

  test('a value that the serializer refuses throws, each time', () => {
    const fields = loaded({ a: '{', b: '1' });
    for (let i = 0; i < 2; i++) expect(() => fields.get('a')).toThrow(UnreadableField);
    try {
      fields.get('a');
    } catch (error) {
      expect((error as Error).cause).toBeInstanceOf(SyntaxError);
    }
    expect([fields.has('a'), fields.get('b')]).toEqual([true, 1]);
  });

  test('a value that is read shares no memory with what was loaded', () => {
    const bytes = Buffer.from('"text"');
    const seen: Stored[] = [];
    const fields = loaded({ a: bytes }, { ...BYTES, deserialize: (stored) => (seen.push(stored), 'text') });
    fields.get('a');
    expect(seen[0]).not.toBe(bytes);
    expect(seen[0]).toEqual(bytes);
  });

  test('a value that no longer fits counts as absent, and is there to be deleted', () => {
    const fields = loaded({ a: '"unfit"', b: '1', free: '2' }, VALIDATING);
    expect([fields.has('a'), fields.get('a'), fields.keys().toSorted()]).toEqual([false, undefined, ['b', 'free']]);
    expect(changes(fields)).toBeNull();
    expect(fields.delete('a')).toBe(false);
    expect(changes(fields)).toEqual([{}, ['a']]);
  });

  test('a value that no longer fits is deleted with the others by clear()', () => {
    const fields = loaded({ a: '"unfit"', b: '1', '@c': '"secret"' }, VALIDATING);
    fields.clear();
    expect(changes(fields)).toEqual([{}, ['b', 'a']]);
    expect(fields.keys()).toEqual([]);
  });

  test('a value that cannot be read is there, until it is used', () => {
    const fields = loaded({ a: '{' }, VALIDATING);
    expect([fields.has('a'), fields.keys()]).toEqual([true, ['a']]);
    expect(() => fields.get('a')).toThrow(UnreadableField);
  });

  test('keys are those of the application, in the order of the store and then of writing', () => {
    const fields = loaded({ b: '1', '@c': '2', '@@x': '3', '@s': '4', a: '5' });
    fields.set('z', 1);
    fields.set('y', 2);
    fields.get('a');
    fields.delete('b');
    expect(new Set(fields.keys())).toEqual(new Set(['@x', 'a', 'z', 'y']));
    expect([...fields.names()]).toEqual(['@c', '@@x', '@s', 'z', 'y', 'a']);
  });
});

test('a schema that is no schema is a mistake of the program, in every use of the field', () => {
  const deserialize = (): never => {
    throw new AsyncSchemaError('asynchronous');
  };
  const ask = (): FieldTracker => loaded({ a: '1' }, { ...VALIDATING, deserialize });
  for (const asked of [() => ask().has('a'), () => ask().get('a'), () => ask().keys()]) {
    expect(asked).toThrow(AsyncSchemaError);
  }
});

describe('writing', () => {
  test('is a change, also of what is there already; deleting is one of what is stored alone', () => {
    const fields = loaded({ a: '1', b: '2' });
    fields.set('a', 1);
    fields.set('c', 3);
    expect([fields.delete('b'), fields.delete('none'), fields.delete('c')]).toEqual([true, false, true]);
    expect([fields.get('b'), fields.has('b'), fields.isDeleted('b'), fields.isDeleted('none')]).toEqual([
      undefined,
      false,
      true,
      false,
    ]);
    expect([changes(fields), fields.changed]).toEqual([[{ a: '1' }, ['b']], true]);
    expect(['a', 'b', 'c', 'none'].map((name) => fields.isWritten(name))).toEqual([true, true, false, false]);
  });

  test('after a deletion undoes it', () => {
    const fields = loaded({ a: '1' });
    fields.delete('a');
    fields.set('a', 2);
    expect([fields.isDeleted('a'), changes(fields)]).toEqual([false, [{ a: '2' }, []]]);
  });

  test('a deletion of what was never stored is no change', () => {
    const fields = loaded({});
    fields.set('a', 1);
    expect(fields.changed).toBe(true);
    fields.delete('a');
    expect([fields.changed, changes(fields)]).toEqual([false, null]);
  });

  test('is checked where it comes from the application', () => {
    const check = (value: unknown, field: string): void => {
      if (field !== 'a') throw new TypeError(`refused ${field}`);
      expect(value).toBe(1);
    };
    const fields = loaded({}, { ...TEXT, check });
    fields.write('a', 1);
    for (const refused of [() => fields.write('b', 1), () => fields.check('b', 1)])
      expect(refused).toThrow('refused b');
    fields.check('a', 1);
    expect([fields.has('b'), fields.isWritten('b')]).toEqual([false, false]);
  });

  test('of a value that cannot be serialised is a change, and an error when it is asked for', () => {
    const fields = loaded({ a: '[1]' });
    const value = fields.get('a') as unknown[];
    value.push(1n);
    expect(fields.changed).toBe(true);
    expect(() => fields.changes('h')).toThrow(TypeError);
  });

  test('can be discarded, so that what is stored is read again', () => {
    const fields = loaded({ a: '[1]', b: '2' });
    (fields.get('a') as unknown[]).push(2);
    fields.set('c', 3);
    fields.delete('b');
    fields.discardChanges();
    expect([changes(fields), fields.changed, fields.get('a'), fields.get('b'), fields.has('c')]).toEqual([
      null,
      false,
      [1],
      2,
      false,
    ]);
  });
});

describe('a change in place', () => {
  test.each([
    ['text', TEXT, (text: string): Stored => text],
    ['bytes', BYTES, (text: string): Stored => Buffer.from(text)],
  ])('is found by its %s, and reading alone is none, also of a form that is not written back', (_, serializer, of) => {
    const fields = loaded({ a: of('{"n":1}'), spaced: of('{ "n": 1 }'), n: of('1'), none: of('null') }, serializer);
    for (const name of ['a', 'spaced', 'n', 'none']) fields.get(name);
    expect([changes(fields), fields.changed]).toEqual([null, false]);
    (fields.get('spaced') as { n: number }).n = 2;
    expect(changes(fields)).toEqual([{ spaced: of('{"n":2}') }, []]);
    (fields.get('a') as { n: number }).n = 2;
    expect(changes(fields)).toEqual([{ a: of('{"n":2}'), spaced: of('{"n":2}') }, []]);
  });

  test('is found by a form for comparisons where no two stored forms are equal', () => {
    const fields = loaded({ a: 'h#0#{"n":1}', b: 'h#0#{"n":1}' }, sealing());
    fields.get('b');
    (fields.get('a') as { n: number }).n = 2;
    expect(changes(fields)).toEqual([{ a: 'h#1#{"n":2}' }, []]);
    expect(changes(fields, 'other')).toEqual([{ a: 'other#2#{"n":2}' }, []]);
  });

  test('of initial data counts, and the data itself does not', () => {
    const fields = loaded({});
    fields.setInitial('list', []);
    fields.setInitial('n', 1);
    expect([fields.get('list'), fields.keys(), changes(fields), fields.changed]).toEqual([
      [],
      ['list', 'n'],
      null,
      false,
    ]);
    (fields.get('list') as unknown[]).push(1);
    expect(changes(fields)).toEqual([{ list: '[1]' }, []]);
    expect(Object.fromEntries(fields.all('h'))).toEqual({ list: '[1]', n: '1' });
  });

  test('can be demanded for what was used', () => {
    const fields = loaded({ a: '1', b: '2' });
    fields.get('a');
    fields.markWritten('a');
    fields.markWritten('b');
    expect(changes(fields)).toEqual([{ a: '1' }, []]);
    expect([fields.isWritten('a'), fields.isWritten('b')]).toEqual([true, false]);
  });

  test('is written for the handle that the session is about to have', () => {
    const bound: FieldSerializer = {
      serialize: (value, { handle }) => `${handle}${JSON.stringify(value)}`,
      deserialize: (stored, { handle }) => JSON.parse(String(stored).slice(handle.length)) as unknown,
    };
    const fields = loaded({ a: 'h[1]' }, bound);
    (fields.get('a') as unknown[]).push(2);
    expect(changes(fields)).toEqual([{ a: 'h[1,2]' }, []]);
    expect(changes(fields, 'other')).toEqual([{ a: 'other[1,2]' }, []]);
  });
});

describe('a commit', () => {
  test('takes what was written for what is stored', () => {
    const fields = loaded({ a: '1', b: '[2]' });
    fields.set('a', 2);
    (fields.get('b') as unknown[]).push(3);
    fields.delete('none');
    commit(fields);
    expect([changes(fields), fields.changed, fields.get('a'), fields.get('b')]).toEqual([null, false, 2, [2, 3]]);
    (fields.get('b') as unknown[]).push(4);
    expect(changes(fields)).toEqual([{ b: '[2,3,4]' }, []]);
    fields.delete('a');
    commit(fields);
    expect([changes(fields), fields.has('a'), fields.delete('a'), changes(fields)]).toEqual([null, false, false, null]);
    expect(fields.keys()).toEqual(['b']);
  });

  test('leaves for the next one what is written while it is on its way', () => {
    const fields = loaded({ gone: '1' });
    fields.set('same', { n: 1 });
    fields.set('number', 1);
    fields.set('other', 1);
    fields.delete('gone');
    const sent = fields.changes('h')!;
    fields.set('other', 2);
    fields.set('new', 1);
    fields.committed(sent, 'h');
    expect(changes(fields)).toEqual([{ other: '2', new: '1' }, []]);
    expect(fields.isWritten('same')).toBe(false);
    expect(fields.isWritten('number')).toBe(false);
  });

  test('leaves a deletion that comes while it is on its way, and a value that is written again', () => {
    const fields = loaded({ a: '1', b: '1' });
    fields.set('a', 2);
    fields.delete('b');
    const sent = fields.changes('h')!;
    fields.delete('a');
    fields.set('b', 3);
    fields.committed(sent, 'h');
    expect(changes(fields)).toEqual([{ b: '3' }, ['a']]);
  });

  test('of nothing is none', () => {
    const fields = loaded({ a: '1' });
    fields.set('a', 2);
    fields.committed(null, 'h');
    expect(changes(fields)).toEqual([{ a: '2' }, []]);
  });
});

describe('another state of the store', () => {
  test('is read, and what the request has written or deleted stays', () => {
    const fields = loaded({ a: '1', b: '[1]', c: '1', d: '1', gone: '1' });
    fields.get('a');
    (fields.get('b') as unknown[]).push(2);
    fields.set('c', 2);
    fields.delete('d');
    fields.delete('gone');
    fields.reload({ a: '9', b: '[9]', c: '9', d: '9', e: '9' }, 'h');
    expect(['a', 'b', 'c', 'd', 'e'].map((name) => fields.get(name))).toEqual([9, [1, 2], 2, undefined, 9]);
    expect(changes(fields)).toEqual([{ b: '[1,2]', c: '2' }, ['d']]);
  });

  test('can be learnt of one field, unless the request has changed it since', () => {
    const fields = loaded({ a: '1', b: '[1]', c: '1', d: '1' });
    (fields.get('b') as unknown[]).push(2);
    fields.set('c', 2);
    fields.get('d');
    fields.markSaved('a', [5], '[5]', 'h');
    fields.markSaved('b', [6], '[6]', 'h');
    fields.markSaved('c', 7, '7', 'h');
    fields.markSaved('d', undefined, undefined, 'h');
    expect(['a', 'b', 'c', 'd'].map((name) => fields.get(name))).toEqual([[5], [1, 2], 2, undefined]);
    expect(changes(fields)).toEqual([{ b: '[1,2]', c: '2' }, []]);
    expect(fields.serialized('a')).toEqual({ stored: '[5]', handle: 'h' });
    expect(fields.serialized('d').stored).toBeUndefined();
    expect(fields.has('d')).toBe(false);
  });

  test('learnt of one field is what later changes in place are compared with', () => {
    const fields = loaded({}, sealing());
    const value = { n: 1 };
    fields.markSaved('a', value, 'h#0#{"n":1}', 'h');
    expect(changes(fields)).toBeNull();
    value.n = 2;
    expect(changes(fields)).toEqual([{ a: 'h#1#{"n":2}' }, []]);
  });

  test('forgets fields that were taken out, unless they were written since', () => {
    const fields = loaded({ a: '1', b: '1' });
    fields.get('a');
    fields.set('b', 2);
    fields.forget(['a', 'b']);
    expect([fields.get('a'), fields.get('b'), fields.keys(), changes(fields)]).toEqual([
      undefined,
      2,
      ['b'],
      [{ b: '2' }, []],
    ]);
  });
});

describe('another session', () => {
  test('takes over what the request has written alone', () => {
    const left = loaded({ a: '1', b: '2' });
    left.get('a');
    left.set('c', 3);
    const next = loaded({});
    next.takeWritten(left);
    next.takeWritten(loaded({ d: '4' }));
    expect(changes(next)).toEqual([{ c: '3' }, []]);
  });

  test('takes over copies of the stored fields that are named, unless it has its own', () => {
    const left = loaded({ a: '{"n":1}', b: '2', c: '3' });
    const value = left.get('a');
    left.set('written', 1);
    left.delete('c');
    const next = loaded({});
    next.set('b', 9);
    next.takeFields(left, ['a', 'b', 'c', 'written', 'none']);
    expect([next.get('a'), next.get('b'), next.keys()]).toEqual([{ n: 1 }, 9, ['b', 'a']]);
    expect(next.get('a')).not.toBe(value);
  });

  test('under another handle has every stored field serialised again, those of the store excepted', () => {
    const serializer = sealing();
    const fields = loaded({ a: 'h#0#{"n":1}', b: 'h#0#2', '@s': 'seen', c: 'h#0#3' }, serializer);
    fields.delete('b');
    fields.set('c', 4);
    commit(fields);
    fields.delete('a');
    const { set, expect: expected } = fields.reserializeAll('new');
    expect(Object.fromEntries(expected)).toEqual({ a: 'h#0#{"n":1}', c: 'h#1#4' });
    expect(Object.fromEntries(set)).toEqual({ c: 'new#2#4' });
    expect(() => loaded({ a: 'other#0#1' }, serializer).reserializeAll('new')).toThrow(UnreadableField);
  });
});

describe('sizes', () => {
  test('are at least those of what is stored, and follow the commits', () => {
    const fields = loaded({ ab: '123', c: '4' });
    expect(fields.storedLengthAtMost()).toBe(7);
    fields.set('de', 56);
    fields.delete('c');
    commit(fields);
    expect(fields.storedLengthAtMost()).toBeGreaterThanOrEqual(9);
    const visited: unknown[] = [];
    fields.forEachStored((name, stored) => visited.push([name, stored]));
    expect(visited).toEqual([
      ['ab', '123'],
      ['de', '56'],
    ]);
  });

  test('do not count what the store keeps for itself', () => {
    const visited: string[] = [];
    loaded({ '@s': '1', '@': '2', '@c': '3', a: '4' }).forEachStored((name) => visited.push(name));
    expect(visited).toEqual(['@c', 'a']);
  });

  test('of a session that is not stored are 0', () => {
    expect(new FieldTracker(TEXT).storedLengthAtMost()).toBe(0);
  });
});

describe('a value that is read for an update', () => {
  test('is that of the store, none where there is none, and none where it no longer fits', () => {
    const fields = loaded({ a: '"unfit"', b: '1' }, VALIDATING);
    expect(fields.parseForUpdate('b', fields.serialized('b'))).toBe(1);
    expect(fields.parseForUpdate('none', fields.serialized('none'))).toBeUndefined();
    fields.get('a');
    expect(fields.parseForUpdate('a', fields.serialized('a'))).toBeUndefined();
    expect(fields.parseForUpdate('a', { stored: '2', handle: 'h' })).toBe(2);
  });

  test('of a version that a factory with schemas has stored is read without them, too', () => {
    const fields = loaded({ a: '@3:{"n":1}', b: '@3:{', c: '{' });
    expect(fields.get('a')).toEqual({ n: 1 });
    expect(() => fields.get('b')).toThrow(UnreadableField);
    expect(() => fields.get('c')).toThrow(UnreadableField);
    expect(() => loaded({ a: '@3:1' }, VALIDATING).get('a')).toThrow(UnreadableField);
  });
});

test.each<[Stored, Stored, boolean]>([
  ['a', 'a', true],
  ['a', 'b', false],
  [Buffer.from('a'), Buffer.from('a'), true],
  [Buffer.from('a'), Buffer.from('b'), false],
  ['a', Buffer.from('a'), false],
  [Buffer.from('a'), 'a', false],
])('%o and %o are the same stored value: %j', (a, b, same) => {
  expect(isSame(a, b)).toBe(same);
});
