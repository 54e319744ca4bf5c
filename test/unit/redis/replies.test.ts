import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { checkReply } from '../../../src/stores/redis/replies.ts';
import { scripts, type ScriptName } from '../../../src/stores/redis/scripts.generated.ts';

const NAMES = Object.keys(scripts) as ScriptName[];
const OUT_OF_STEP = { name: 'SessionError', code: 'ERR_SESSION_STORE', status: 503, message: /another command/ };
const NOW = 1_700_000_000_000;

/** Replies of other commands, which a connection that is out of step hands over. */
const STRAY: readonly unknown[] = [
  'OK',
  'PONG',
  '',
  Buffer.from('OK'),
  1,
  0,
  1n,
  null,
  undefined,
  true,
  {},
  { status: 'ok' },
  [],
  ['OK'],
  [null],
  [undefined],
  ['1', NOW],
  [1.5],
  [-1],
  [8],
  [99, NOW],
  [Number.NaN],
  ['a', '1', 'b', '2'],
  [[1, NOW]],
  ['0', ['key']],
];

describe.each(NAMES)('the reply to %s', (name) => {
  test.each(STRAY.map((reply) => [inspect(reply), reply]))('is not %s', (_, reply) => {
    assert.throws(() => checkReply(name, reply), OUT_OF_STEP);
  });
});

test.each<[ScriptName, unknown[]]>([
  ['save', [1]],
  ['save', [1, 'now']],
  ['save', [1, NOW, 'handle']],
  ['save', [4]],
  ['save', [5]],
  ['save', [7]],
  ['save', [3, 'field without a value']],
  ['save', [3, 'field', 1]],
  ['save', [2, 'nonce', NOW, NOW, 'successor']],
  ['save', [2, 'nonce', NOW, NOW, 'successor', 1, 'more']],
  ['save', [2, 'nonce', 'until', NOW, 'successor', 1]],
  ['save', [0, NOW]],
  ['create', [1, NOW, 5]],
  ['create', [2, 'nonce', NOW, NOW, 'successor', 1]],
  ['create', [3]],
  ['destroy', [3]],
  ['destroy', [1, NOW, 'handle']],
  ['take', [1, NOW, 'field']],
  ['take', [1, NOW, 'field', null]],
  ['revoke', [0]],
  ['revoke', [1, NOW, null]],
  ['list', [1, NOW, 'handle', 'metadata']],
  ['list', [1, NOW, 'handle', null, '5']],
  ['getMetadata', [1, null, null]],
  ['getMetadata', [1, 'metadata']],
  ['time', [0]],
  ['time', [1]],
  ['addIndexKey', [1, NOW]],
  ['getIndexOwners', [1, 5]],
  ['deleteRotated', [4]],
])('%s does not reply %j', (name, reply) => {
  assert.throws(() => checkReply(name, reply), OUT_OF_STEP);
});

test.each<[ScriptName, unknown[], string, number]>([
  ['save', [1, NOW], 'ok', 1],
  ['save', [0], 'gone', 0],
  ['save', [6, NOW], 'late', 1],
  ['save', [2, '', NOW, NOW, '', 0], 'tombstone', 5],
  ['save', [2, Buffer.from('nonce'), NOW, NOW, Buffer.from('successor'), 1], 'tombstone', 5],
  ['save', [3], 'conflict', 0],
  ['save', [3, 'field', Buffer.from([0xff])], 'conflict', 2],
  ['create', [1, NOW, 'evicted', 'handles'], 'ok', 3],
  ['create', [4], 'exists', 0],
  ['rekey', [5], 'full', 0],
  ['rekey', [7], 'revoked', 0],
  ['take', [1, NOW, 'field', 'value'], 'ok', 3],
  ['list', [1, NOW, 'handle', 'metadata', null, 'handle', 'metadata', '5'], 'ok', 7],
  ['getMetadata', [0], 'gone', 0],
  ['getMetadata', [1, 'metadata', null], 'ok', 2],
  ['getIndexOwners', [1], 'ok', 0],
  ['addIndexKey', [1], 'ok', 0],
])('%s replies %j', (name, reply, status, values) => {
  expect(checkReply(name, reply)).toEqual({ status, values: reply.slice(1) });
  expect(reply.slice(1)).toHaveLength(values);
});

test('numbers may be big integers', () => {
  expect(checkReply('save', [1n, BigInt(NOW)]).status).toBe('ok');
});
