import { describe, expect, test } from 'vitest';
import { authenticationChangedAt, judgeRecord } from '../../../src/engine/judge-record.ts';
import type { AdoptionRules, SessionContext } from '../../../src/engine/context.ts';
import type { FoundRecord, RecordMeta } from '../../../src/stores/store.ts';

const NOW = 1_700_000_000_000;
const KEY = { handle: 'h'.repeat(43), ownerHash: null };
const OWNED = { handle: KEY.handle, ownerHash: 'hash of alice' };

const RULES: AdoptionRules = {
  timeout: 1200,
  maxTimeout: null,
  absoluteTimeout: 86_400,
  maxAbsoluteTimeout: null,
  // As the keyring's, for texts alone.
  isOwnerHashOf: (ownerHash, owner) => ownerHash.trim() === `hash of ${owner.trim()}`,
};

function record(meta: Partial<RecordMeta> = {}, idle = 0): FoundRecord {
  return {
    status: 'found',
    fields: {},
    now: NOW,
    lastSeen: NOW - idle * 1000,
    meta: {
      owner: null,
      method: null,
      address: null,
      agent: null,
      indexKeys: [],
      createdAt: NOW - 60_000,
      timeout: { seconds: 1200, adjusted: false },
      expiresAt: NOW + 86_340_000,
      ownExpiry: false,
      authenticatedAt: 0,
      cookie: { sentAt: NOW, attributes: 'a', confirmed: true },
      remember: null,
      ...meta,
    },
  };
}

describe('whose record it is', () => {
  test.each([
    ['anonymous under an anonymous key', KEY, null, null],
    ["an owner's under the owner's key", OWNED, 'alice', null],
    ["another owner's under the owner's key", OWNED, 'bob', 'owner'],
    ["an owner's under an anonymous key", KEY, 'alice', 'owner'],
    ["anonymous under an owner's key", OWNED, null, 'owner'],
  ])('%s', (_what, key, owner, refusal) => {
    expect(judgeRecord(key, record({ owner }), RULES, null).refusal).toBe(refusal);
  });
});

describe('lifetimes of the factory that have changed since', () => {
  const adjusted = { seconds: 1200, adjusted: true };

  test('a shorter timeout holds for sessions that follow it, to the second in which they were last seen', () => {
    const shorter = { ...RULES, timeout: 300 };
    expect(judgeRecord(KEY, record({}, 300), shorter, null)).toMatchObject({ refusal: null });
    expect(judgeRecord(KEY, record({}, 301), shorter, null)).toMatchObject({ refusal: 'expired' });
    expect(judgeRecord(KEY, record({}, 10), shorter, null).meta.timeout).toEqual({ seconds: 300, adjusted: false });
  });

  test('a session with a timeout of its own keeps it, up to `maxTimeout`', () => {
    const shorter = { ...RULES, timeout: 300 };
    expect(judgeRecord(KEY, record({ timeout: adjusted }, 900), shorter, null).refusal).toBe(null);
    const bounded = { ...shorter, maxTimeout: 600 };
    expect(judgeRecord(KEY, record({ timeout: adjusted }, 900), bounded, null).refusal).toBe('expired');
    expect(judgeRecord(KEY, record({ timeout: adjusted }), bounded, null).meta.timeout.seconds).toBe(600);
  });

  test('a longer timeout holds, too', () => {
    const longer = { ...RULES, timeout: 7200 };
    expect(judgeRecord(KEY, record(), longer, null).meta.timeout).toEqual({ seconds: 7200, adjusted: false });
  });

  test('a shorter absolute timeout counts from the creation or the login', () => {
    const shorter = { ...RULES, absoluteTimeout: 60 };
    expect(judgeRecord(KEY, record({ createdAt: NOW - 59_999 }), shorter, null).refusal).toBe(null);
    expect(judgeRecord(KEY, record({ createdAt: NOW - 60_000 }), shorter, null).refusal).toBe('expired');
    const endless = record({ createdAt: NOW - 1000, expiresAt: 0 });
    expect(judgeRecord(KEY, endless, shorter, null).meta.expiresAt).toBe(NOW + 59_000);
    expect(judgeRecord(KEY, endless, { ...RULES, absoluteTimeout: null }, null).meta.expiresAt).toBe(0);
  });

  test('a session without an end has none by a shorter timeout either', () => {
    const { meta } = judgeRecord(
      KEY,
      record({ expiresAt: 0 }),
      { ...RULES, timeout: 300, absoluteTimeout: null },
      null,
    );
    expect([meta.expiresAt, meta.timeout.seconds]).toEqual([0, 300]);
  });

  test('a login with an end of its own is bounded by `maxAbsoluteTimeout` alone', () => {
    const own = record({ ownExpiry: true });
    expect(judgeRecord(KEY, own, { ...RULES, absoluteTimeout: 60 }, null).refusal).toBe(null);
    expect(judgeRecord(KEY, own, { ...RULES, maxAbsoluteTimeout: 60 }, null).refusal).toBe('expired');
    expect(judgeRecord(KEY, record(), { ...RULES, maxAbsoluteTimeout: 60 }, null).refusal).toBe(null);
  });

  test('metadata that nothing changes is not copied: this is on the path of every request', () => {
    for (const [found, rules] of [
      [record(), RULES],
      [record({ expiresAt: 0 }), { ...RULES, absoluteTimeout: null }],
    ] as const) {
      expect(judgeRecord(KEY, found, rules, null).meta).toBe(found.meta);
    }
  });

  test('a longer absolute timeout does not move the end that was promised', () => {
    const { meta } = judgeRecord(KEY, record(), { ...RULES, absoluteTimeout: 999_999 }, null);
    expect(meta.expiresAt).toBe(NOW + 86_340_000);
  });
});

test.each([
  [-1, 'authentication-changed'],
  [0, null],
  [1, null],
])('a login %i ms after a change of authentication', (after, refusal) => {
  const login = record({ owner: 'alice', authenticatedAt: NOW - 1000 + after });
  expect(judgeRecord(OWNED, login, RULES, NOW - 1000).refusal).toBe(refusal);
});

test('a session without a login is not ended by a change of authentication that there was not', () => {
  expect(judgeRecord(KEY, record(), RULES, null).refusal).toBe(null);
});

describe('the answer of `invalidateBefore`', () => {
  const ask = (answer: unknown): Promise<number | null> => {
    const config = { invalidateBefore: answer === 'none' ? null : () => answer };
    return authenticationChangedAt({ config } as unknown as SessionContext, 'alice', undefined);
  };

  test.each([
    ['none', null],
    [null, null],
    [undefined, null],
    [new Date(1000), 1000],
    [Promise.resolve(new Date(0)), 0],
  ])('%o is %o', async (answer, changedAt) => {
    expect(await ask(answer)).toBe(changedAt);
  });

  test.each([
    [new Date(Number.NaN), 'got an invalid Date'],
    [1000, 'got a number'],
    ['2026-01-01', 'got a string'],
    [{}, 'got a object'],
  ])('%o is a mistake that the error names', async (answer, got) => {
    await expect(ask(answer)).rejects.toThrow(TypeError);
    await expect(ask(answer)).rejects.toThrow(got);
  });
});
