import { describe, expect, test } from 'vitest';
import type { SessionConfig } from '../../../src/engine/config.ts';
import { isConfirmation, isCookieDue, isRecordDue, isTouchDue } from '../../../src/engine/due.ts';
import type { BoundRecord } from '../../../src/engine/epoch.ts';
import type { SessionState } from '../../../src/engine/state.ts';

const NOW = 1_700_000_000_000;
const CONFIG = { timeout: 1200, touchInterval: 60 } as SessionConfig;

interface Given {
  /** Seconds since the record was last seen, and since its cookie was sent. */
  readonly idle?: number;
  readonly sent?: number;
  readonly timeout?: number;
  readonly adjusted?: boolean;
  readonly confirmed?: boolean;
  readonly outdated?: boolean;
}

function record({ idle = 0, sent = 0, timeout = 1200, adjusted = false, ...given }: Given = {}): BoundRecord {
  return {
    id: 'id',
    lastSeen: NOW - idle * 1000,
    timeoutOutdated: given.outdated ?? false,
    meta: {
      timeout: { seconds: timeout, adjusted },
      remember: null,
      cookie: { sentAt: NOW - sent * 1000, attributes: 'a', confirmed: given.confirmed ?? true },
    },
  } as BoundRecord;
}

interface Situation {
  readonly presentedId?: string;
  readonly signedByOldSecret?: boolean;
  readonly renewalRequested?: boolean;
  readonly attributes?: string;
  readonly maxAge?: number | null;
  readonly token?: object | null;
  readonly timeout?: number | null;
  readonly touchInterval?: number;
}

function state(given: Situation = {}): SessionState {
  const { presentedId = 'id', signedByOldSecret = false, renewalRequested = false } = given;
  return {
    context: { config: { ...CONFIG, touchInterval: given.touchInterval ?? CONFIG.touchInterval } },
    clientCookie: { presentedId, signedByOldSecret, renewalRequested },
    cookie: { attributes: given.attributes ?? 'a', maxAge: given.maxAge ?? null },
    token: given.token ?? null,
    epoch: { pending: { timeout: given.timeout ?? null } },
  } as unknown as SessionState;
}

describe('the idle timeout is renewed', () => {
  test.each<[string, Given, boolean]>([
    ['not within `touchInterval`', { idle: 59.999 }, false],
    ['after `touchInterval`', { idle: 60 }, true],
    ['not early for a longer timeout of its own', { idle: 59.999, timeout: 7200 }, false],
    ['as early for a longer timeout of its own', { idle: 60, timeout: 7200 }, true],
    ['earlier in proportion to a shorter timeout of its own', { idle: 6, timeout: 120 }, true],
    ['not earlier than in proportion', { idle: 5.999, timeout: 120 }, false],
    ['not where the clocks differ by a second', { idle: -1 }, false],
    ['where the record comes from the future', { idle: -1.001 }, true],
  ])('%s', (_, given, isDue) => {
    expect(isTouchDue(record(given), CONFIG, NOW)).toBe(isDue);
  });

  test('by each request with `touchInterval: 0`, although the clock of another one is ahead', () => {
    expect(isTouchDue(record({ idle: -0.001 }), { ...CONFIG, touchInterval: 0 }, NOW)).toBe(true);
  });
});

describe('the cookie is sent again', () => {
  test.each<[string, Situation, Given, boolean]>([
    ['not where the client has it', {}, {}, false],
    ['where the client came with another id', { presentedId: 'other' }, {}, true],
    ['where an old secret has signed it', { signedByOldSecret: true }, {}, true],
    ['where that was asked for', { renewalRequested: true }, {}, true],
    ['where its attributes have changed', { attributes: 'b' }, {}, true],
    ['not for attributes where the client uses a token', { attributes: 'b', token: {} }, {}, false],
    ['not for its age where the client uses a token', { maxAge: 3600, token: {} }, { sent: 3600 }, false],
    ['as a token where an old secret has signed it', { signedByOldSecret: true, token: {} }, {}, true],
    ['never for its age where the browser ends it', {}, { sent: 1e6 }, false],
    ['not within `touchInterval`', { maxAge: 3600 }, { sent: 59.999 }, false],
    ['after `touchInterval`', { maxAge: 3600 }, { sent: 60 }, true],
    ['not within a tenth of a short life', { maxAge: 100 }, { sent: 9.999 }, false],
    ['after a tenth of a short life', { maxAge: 100 }, { sent: 10 }, true],
    ['not where the clocks differ by a second', { maxAge: 3600 }, { sent: -1 }, false],
    ['where it was sent in the future', { maxAge: 3600 }, { sent: -1.001 }, true],
    ['with a new timeout', { maxAge: 3600, timeout: 60 }, {}, true],
    ['not with a new timeout where the browser ends it', { timeout: 60 }, {}, false],
  ])('%s', (_, situation, given, isDue) => {
    expect(isCookieDue(state(situation), record(given), NOW)).toBe(isDue);
  });

  test('by each request with `touchInterval: 0`, although the clock of another one is ahead', () => {
    expect(isCookieDue(state({ maxAge: 3600, touchInterval: 0 }), record({ sent: -0.001 }), NOW)).toBe(true);
  });
});

describe('the store is told', () => {
  test.each<[string, Situation, Given, boolean, boolean]>([
    ['nothing where it knows', {}, {}, false, false],
    ['of the first request with a new id', {}, { confirmed: false }, true, true],
    ['not of a request with the old id', { presentedId: 'other' }, { confirmed: false }, false, false],
    ["of the factory's new timeout", {}, { outdated: true }, true, false],
  ])('%s', (_, situation, given, isDue, confirms) => {
    expect(isRecordDue(state(situation), record(given))).toBe(isDue);
    expect(isConfirmation(state(situation), record(given))).toBe(confirms);
  });
});
