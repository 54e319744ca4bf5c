import { describe, expect, test } from 'vitest';
import { keyOf, makeId } from '../../../src/crypto/session-id.ts';
import { Epoch, type BoundRecord } from '../../../src/engine/epoch.ts';
import type { RecordMeta } from '../../../src/stores/store.ts';

const ID = makeId(null, 'a'.repeat(43));
const NEXT_ID = makeId(null, 'b'.repeat(43));
const META = { owner: null } as RecordMeta;
const RECORD = { id: ID, key: keyOf(ID), meta: META, fromClient: true, timeoutOutdated: true } as BoundRecord;
const NOW = 1_700_000_000_789;

function epoch(): { epoch: Epoch; late: BoundRecord[] } {
  const late: BoundRecord[] = [];
  const serializer = { serialize: (value: unknown) => String(value), deserialize: (stored: unknown) => stored };
  return { epoch: new Epoch(serializer, { endLateRecord: (record) => late.push(record) }), late };
}

describe('a record that the request has given its id', () => {
  test('is as if its client had never had another, and up to date', () => {
    const { epoch: made } = epoch();
    made.reserveId('reserved');
    made.bindIssued(ID, META, NOW, 'creation');
    expect(made.record).toEqual({
      id: ID,
      key: keyOf(ID),
      meta: META,
      lastSeen: 1_700_000_000_000,
      originalId: ID,
      fromClient: false,
      issuedBy: 'creation',
      timeoutOutdated: false,
      sendableUntil: Infinity,
    });
    expect([made.handle, made.reservedId]).toEqual([keyOf(ID).handle, null]);
  });

  test("is the client's where the one before was", () => {
    const { epoch: rotated } = epoch();
    rotated.bind(RECORD);
    rotated.bindIssued(NEXT_ID, META, NOW, 'rotation');
    expect(rotated.record).toMatchObject({
      id: NEXT_ID,
      originalId: NEXT_ID,
      fromClient: true,
      timeoutOutdated: false,
    });
  });
});

describe('an epoch that is over', () => {
  test('hands a record that comes late to its owner when it has ended, and only then', () => {
    for (const why of ['ended', 'left', 'lost'] as const) {
      const { epoch: over, late } = epoch();
      over.close(why);
      over.bind(RECORD);
      expect([over.over, late]).toEqual([why, why === 'ended' ? [RECORD] : []]);
    }
  });

  test('has ended for good, also when it is left or lost afterwards', () => {
    const { epoch: over } = epoch();
    over.close('left');
    expect(over.over).toBe('left');
    over.close('ended');
    over.close('lost');
    expect(over.over).toBe('ended');
  });

  test('can be the current one again after a login that was refused', () => {
    const { epoch: left } = epoch();
    left.close('left');
    left.reopen();
    expect(left.over).toBeNull();
  });
});

describe('what a request asks for', () => {
  test.each([
    ['login', {}],
    ['begunLogin', {}],
    ['rotation', 'graceful'],
    ['timeout', 60],
  ] as const)('is a %s alone, too, until it is cleared', (name, value) => {
    const { pending } = epoch().epoch;
    expect(pending.any).toBe(false);
    Object.assign(pending, { [name]: value });
    expect(pending.any).toBe(true);
    pending.clear();
    expect(pending.any).toBe(false);
  });

  test('is also what it has changed', () => {
    const { epoch: changed } = epoch();
    expect(changed.asks).toBe(false);
    changed.fields.set('a', 1);
    expect(changed.asks).toBe(true);
  });
});

test('initial data is set once, for a session that is not stored, and again after a failure', () => {
  const asked: unknown[] = [];
  const initialData = (request: unknown): { a: number } => {
    if (asked.push(request) === 1) throw new Error('not now');
    return { a: asked.length };
  };
  const { epoch: made } = epoch();
  expect(() => made.setInitialData({ initialData }, 'first')).toThrow('not now');
  made.setInitialData({ initialData }, 'second');
  made.setInitialData({ initialData }, 'third');
  expect([asked, made.fields.get('a')]).toEqual([['first', 'second'], 2]);
  const { epoch: stored } = epoch();
  stored.bind(RECORD);
  stored.setInitialData({ initialData }, 'fourth');
  expect([asked.length, stored.fields.has('a')]).toEqual([2, false]);
});
