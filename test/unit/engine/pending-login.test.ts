import { describe, expect, test } from 'vitest';
import { pendingLoginOf } from '../../../src/engine/pending-login.ts';
import type { SessionState } from '../../../src/engine/state.ts';

const NOW = 1_700_000_000_000;

function pending(stored: unknown, asked: { login?: object; begunLogin?: object } = {}): unknown {
  const { login = null, begunLogin = null } = asked;
  const state = { read: () => stored, store: { now: NOW }, epoch: { pending: { login, begunLogin } } };
  return pendingLoginOf(state as unknown as SessionState);
}

describe('a login that waits for its second factor', () => {
  test.each([['password'], [null]])('is what was stored, with the method %j', (method) => {
    expect(pending(['alice', method, NOW - 1000, NOW + 1000])).toEqual({
      owner: 'alice',
      method,
      startedAt: new Date(NOW - 1000),
      expiresAt: new Date(NOW + 1000),
    });
  });

  test.each([
    ['over', ['alice', null, NOW - 1000, NOW]],
    ['nothing', undefined],
    ['no list', 'alice'],
    ['without an owner', [null, null, NOW, NOW + 1000]],
    ['of a method that is no text', ['alice', 1, NOW, NOW + 1000]],
    ['without a beginning', ['alice', null, null, NOW + 1000]],
    ['with an end that is no number', ['alice', null, NOW, String(NOW + 1000)]],
  ])('is none where what is stored is %s', (_, stored) => {
    expect(pending(stored)).toBeNull();
  });

  test('is none once the login is asked for', () => {
    expect(pending(['alice', null, NOW, NOW + 1000], { login: {} })).toBeNull();
  });

  test('is the one that the request has begun, dated by the store', () => {
    const begunLogin = { owner: 'bob', method: null, timeout: 60, at: performance.now() - 5000 };
    const found = pending(['alice', null, NOW, NOW + 1000], { begunLogin }) as { startedAt: Date; expiresAt: Date };
    expect(found).toMatchObject({ owner: 'bob', method: null });
    expect(NOW - found.startedAt.getTime()).toBeGreaterThanOrEqual(5000);
    expect(NOW - found.startedAt.getTime()).toBeLessThan(60_000);
    expect(found.expiresAt.getTime() - found.startedAt.getTime()).toBe(60_000);
  });
});
