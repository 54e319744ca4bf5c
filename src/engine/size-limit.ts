// The bound on a session's size, `maxSize`: bytes of the names and the serialised values of its fields.
//
// Each request knows what it has loaded and what it writes, so it refuses by itself what is too large. Requests that run
// at once do not know of each other, so the store looks again at changes that are not small: what is stored beyond the
// limit is at most what the small changes of the requests under way add.
import { SessionError } from '../errors.ts';
import { sanitizeForMessage } from '../internal/validate.ts';
import { fieldSize, type Stored } from '../stores/store.ts';
import { CSRF_FIELD, keyOfField, PENDING_LOGIN_FIELD } from './field-names.ts';
import type { Epoch } from './epoch.ts';
import type { FieldChanges, FieldTracker } from './fields.ts';
import type { SessionState } from './state.ts';

/** Fields that a session may have. Each costs a store more than its bytes. */
const MAX_FIELDS = 65_536;
/** A code unit of UTF-16 has at most three bytes in UTF-8. */
const MAX_BYTES_PER_UNIT = 3;
/** Changes of fewer bytes than this part of the limit are small. */
const SMALL_CHANGE = 1 / 256;
/** Field names in a message. */
const MAX_NAMES = 3;

/**
 * Refuses changes that would make the session larger than `maxSize`. One that is too large already, because the limit
 * was lowered, may change what it has and shrink, but not grow.
 * @throws {SessionError} `ERR_SESSION_TOO_LARGE`
 */
export function assertSizeAllowed(state: SessionState, epoch: Epoch, changes: FieldChanges): void {
  const { maxSize } = state.context.config;
  if (maxSize === null || changes.set.size === 0) return;
  if (isFarBelow(epoch.fields, changes, maxSize)) return;
  const sizes = storedSizes(epoch.fields);
  let growth = 0;
  let fieldsAdded = 0;
  for (const name of changes.delete) {
    const size = sizes.get(name);
    if (size === undefined) continue;
    growth -= size;
    fieldsAdded--;
    sizes.delete(name);
  }
  for (const [name, stored] of changes.set) {
    const size = fieldSize(name, stored);
    // Small, one of each, and needed: a session must not fail to rotate because it is full.
    if (name !== CSRF_FIELD && name !== PENDING_LOGIN_FIELD) {
      growth += size - (sizes.get(name) ?? 0);
      if (!sizes.has(name)) fieldsAdded++;
    }
    sizes.set(name, size);
  }
  const size = [...sizes.values()].reduce((sum, each) => sum + each, 0);
  if (size > maxSize && growth > 0) throw tooLarge(state, epoch, `${size} bytes`, maxSize, sizes);
  if (sizes.size > MAX_FIELDS && fieldsAdded > 0) {
    throw tooLarge(state, epoch, `${sizes.size} fields, of at most ${MAX_FIELDS}, in ${size} bytes`, maxSize, sizes);
  }
}

/** Returns the error of a change that the store has refused. */
export function tooLargeInStore(state: SessionState, epoch: Epoch, changes: FieldChanges, size: number): SessionError {
  const sizes = storedSizes(epoch.fields);
  for (const [name, stored] of changes.set) sizes.set(name, fieldSize(name, stored));
  return tooLarge(state, epoch, `${size} bytes`, state.context.config.maxSize!, sizes);
}

/** Returns the limit that the store has to hold a change to; `undefined` for none. */
export function limitInStore(maxSize: number | null, set: ReadonlyMap<string, Stored>): number | undefined {
  if (maxSize === null) return undefined;
  return lengthOf(set) > maxSize * SMALL_CHANGE ? maxSize : undefined;
}

/** Returns whether a session cannot be too large, without counting exactly. */
function isFarBelow(fields: FieldTracker, changes: FieldChanges, maxSize: number): boolean {
  const units = fields.storedLengthAtMost() + lengthOf(changes.set);
  return units * MAX_BYTES_PER_UNIT <= maxSize && units <= MAX_FIELDS;
}

/** Returns the UTF-16 code units of names and values. */
function lengthOf(fields: ReadonlyMap<string, Stored>): number {
  let units = 0;
  for (const [name, stored] of fields) units += name.length + stored.length;
  return units;
}

/** Returns the sizes of the stored fields, by their names. */
function storedSizes(fields: FieldTracker): Map<string, number> {
  const sizes = new Map<string, number>();
  fields.forEachStored((name, stored) => sizes.set(name, fieldSize(name, stored)));
  return sizes;
}

function tooLarge(
  state: SessionState,
  epoch: Epoch,
  what: string,
  maxSize: number,
  sizes: ReadonlyMap<string, number>,
): SessionError {
  const { clientAddress } = state.exchange;
  state.context.events.emit('refused', { handle: epoch.handle, reason: 'too-large', clientAddress });
  const titles = new Map<string, number>();
  for (const [name, size] of sizes) titles.set(titleOf(name), (titles.get(titleOf(name)) ?? 0) + size);
  const largest = [...titles].toSorted(([, a], [, b]) => b - a).slice(0, MAX_NAMES);
  const named = largest.map(([title, size]) => `${title} (${size})`).join(', ');
  return new SessionError(
    'ERR_SESSION_TOO_LARGE',
    `The session would have ${what}, and \`maxSize\` allows ${maxSize}. Largest are ${named}. ` +
      'Keep large data elsewhere and its id in the session, delete fields, or raise `maxSize`',
  );
}

function titleOf(name: string): string {
  const key = keyOfField(name);
  if (key !== undefined) return `\`${sanitizeForMessage(key)}\``;
  if (name === CSRF_FIELD) return 'the CSRF secret';
  return name === PENDING_LOGIN_FIELD ? 'the pending login' : 'flash messages';
}
