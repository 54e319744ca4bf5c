import { expect, test } from 'vitest';
import { CSRF_FIELD, fieldName, isStoreField, keyOfField } from '../../../src/engine/field-names.ts';

test.each(['a', '', '@', '@s', '@@', 'a@'])('a key %j is stored under a name that only leads to it', (key) => {
  const name = fieldName(key);
  expect(keyOfField(name)).toBe(key);
  expect(isStoreField(name)).toBe(false);
});

test.each(['@', '@s', '@r', '@v', '@e'])('%j is a field of the store, and no key leads to it', (name) => {
  expect(isStoreField(name)).toBe(true);
  expect(keyOfField(name)).toBeUndefined();
});

test.each([CSRF_FIELD, '@sx', '@S', 's', ''])('%j is no field of the store', (name) => {
  expect(isStoreField(name)).toBe(false);
});
