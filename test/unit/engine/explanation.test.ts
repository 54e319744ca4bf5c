import { expect, test } from 'vitest';
import type { SessionContext } from '../../../src/engine/context.ts';
import { endOfRefused, explanationOf } from '../../../src/engine/explanation.ts';
import type { RecordMeta } from '../../../src/stores/store.ts';

const NOW = 1_700_000_000_000;

test.each([
  ['its idle timeout, where that came first', 'expired', NOW - 50_000, NOW - 100_000, 30, NOW - 70_000],
  ['its absolute expiry, where that came first', 'expired', NOW - 90_000, NOW - 100_000, 30, NOW - 90_000],
  ['its idle timeout, where it has no other', 'expired', 0, NOW - 100_000, 30, NOW - 70_000],
  ['a change of authentication: now', 'authentication-changed', NOW - 90_000, NOW - 100_000, 30, NOW],
] as const)('a record that may not be used has ended by %s', (_, refusal, expiresAt, lastSeen, seconds, at) => {
  const meta = { owner: 'alice', expiresAt, timeout: { seconds, adjusted: false } } as RecordMeta;
  expect(endOfRefused(refusal, meta, lastSeen, NOW)).toMatchObject({ reason: refusal, at: new Date(at) });
});

test.each([
  [null, { reason: 'revoked', keep: 600 }],
  ['support', { reason: 'revoked', keep: 600, by: 'support' }],
])('an end by %j is explained with who has ended the session, if that is said', (by, explanation) => {
  const context = { config: { explainEnds: 600 } } as SessionContext;
  expect(explanationOf(context, 'destroyed', by)).toStrictEqual(explanation);
});
