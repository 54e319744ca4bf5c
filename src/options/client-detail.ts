import type { ClientDetailModes } from '../engine/config.ts';
import { checkNames, checkOneOf, expected, isObject } from '../internal/validate.ts';
import type { SessionOptions } from './options.ts';

const MODES = ['full', 'truncated', 'hashed', 'off'];

/** Checks what is to be kept of a client's address or user agent, and fills in the defaults. */
export function normalizeClientDetail(
  name: 'clientAddress' | 'userAgent',
  given: SessionOptions['clientAddress'],
): ClientDetailModes {
  if (typeof given === 'string') {
    checkOneOf(name, given, MODES);
    return { anonymous: given, owned: given };
  }
  if (given !== undefined && !isObject(given)) {
    throw expected(name, "'full', 'truncated', 'hashed' or 'off', or an object with anonymous or owned", given);
  }
  const { anonymous, owned } = given ?? {};
  if (given !== undefined) checkNames(name, given, ['anonymous', 'owned']);
  checkOneOf(`${name}.anonymous`, anonymous, MODES);
  checkOneOf(`${name}.owned`, owned, MODES);
  return { anonymous: anonymous ?? 'off', owned: owned ?? 'full' };
}
