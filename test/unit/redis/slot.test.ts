import { expect, test } from 'vitest';
import { slotOf } from '../../../src/stores/redis/cluster/slot.ts';

test.each([
  ['123456789', 0x31c3 % 16_384],
  ['', 0],
  ['{user1000}.following', slotOf('user1000')],
  ['{user1000}.followers', slotOf('user1000')],
  ['foo{{bar}}zap', slotOf('{bar')],
  ['foo{bar}{zap}', slotOf('bar')],
  // What Redis 7 says.
  ['foo{}{bar}', 8363],
  ['ключ', 10_303],
  ['{', 4092],
])('the slot of %j', (key, slot) => {
  expect(slotOf(key)).toBe(slot);
});
