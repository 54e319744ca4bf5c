import { describe, expect, test } from 'vitest';
import { requestToken } from '../../../src/engine/transport.ts';
import type { Exchange } from '../../../src/exchange.ts';

const TOKEN = `${'a'.repeat(43)}.${'b'.repeat(43)}`;

function token(transport: 'header' | 'both', authorization?: string): unknown {
  return requestToken(transport, { header: () => authorization } as unknown as Exchange);
}

describe('the session token of a request', () => {
  test.each([
    [`Bearer ${TOKEN}`, TOKEN, true],
    [`BEARER   ${TOKEN} `, TOKEN, true],
    ['Bearer', '', true],
    ['Bearer ', '', true],
    ['Bearer an-api-key', 'an-api-key', false],
  ])('by %j is %j, chosen by the client: %s', (authorization, value, isChosen) => {
    expect(token('header', authorization)).toEqual({ value, isChosen });
    expect(token('both', authorization)).toEqual(isChosen ? { value, isChosen } : null);
  });

  test.each([[undefined], [''], [TOKEN], [`Basic ${TOKEN}`], [`Basic bearer ${TOKEN}`], [`Bearers ${TOKEN}`]])(
    'is none by %j',
    (authorization) => {
      expect(token('header', authorization)).toEqual({ value: '', isChosen: false });
      expect(token('both', authorization)).toBeNull();
    },
  );
});
