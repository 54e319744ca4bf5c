import { expect, test } from 'vitest';
import { formatCookie, formatIndexKeys, parseRecord } from '../../../src/stores/redis/record.ts';

test('what would break the metadata of a record is refused', () => {
  for (const wrong of ['a:b', 'a,b', '']) {
    expect(() => formatIndexKeys(['right', wrong])).toThrow('Expected `indexKeys` to be base64url words');
  }
  expect(formatIndexKeys(['a-b', 'c_d'])).toBe('a-b,c_d');
  expect(() => formatCookie('a:b')).toThrow('Expected `cookieAttributes` to be a word of URL-safe characters');
});

test.each([
  [{}, undefined],
  [{ field: '1' }, { status: 'corrupt', reason: 'unknown-version' }],
  [{ '@e': 'logout:1' }, { status: 'ended', reason: 'logout', at: 1 }],
  [{ '@e': 'some other reason' }, { status: 'corrupt', reason: 'unparsable' }],
  [{ '@r': 'no tombstone' }, { status: 'corrupt', reason: 'unparsable' }],
])('a hash of %j is read as %j', (fields, record) => {
  expect(parseRecord(fields)).toEqual(record);
});
