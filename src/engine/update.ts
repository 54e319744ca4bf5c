import { SessionError } from '../errors.ts';
import type { Stored } from '../stores/store.ts';
import { renewIndexKeys } from './create.ts';
import type { Epoch } from './epoch.ts';
import { isSame } from './fields.ts';
import type { SerializedField } from './stored-fields.ts';
import { onRecord, sessionEnded } from './rotation.ts';
import { changeOf, written } from './save.ts';
import { assertSizeAllowed, tooLargeInStore } from './size-limit.ts';
import type { SessionState } from './state.ts';

/** Each means that another request was faster, so this many in a row are no race. */
const MAX_CONFLICTS = 64;

/**
 * Reads, changes and writes one field so that concurrent updates all count: the store accepts the result
 * only if the field still is what it was made from; otherwise the change is made again from what it is now.
 * @throws {SessionError} `ERR_SESSION_ENDED` when the session has ended, so that nothing was stored
 */
export async function updateField(
  state: SessionState,
  name: string,
  change: (value: unknown) => unknown,
): Promise<unknown> {
  const { epoch } = state;
  return await state.queue.run(() => update(state, epoch, name, change));
}

async function update(
  state: SessionState,
  asked: Epoch,
  name: string,
  change: (value: unknown) => unknown,
): Promise<unknown> {
  if (asked.over !== null || state.phase === 'lost') throw sessionEnded();
  state.read(name); // a record that cannot be read is noticed here
  const { epoch } = state;
  const { fields } = epoch;
  fields.markInPlaceChange(name);
  // No other request can know of the session, or this one has replaced the field as a whole.
  if (epoch.record === null || fields.isWritten(name)) return updateOwn(epoch, name, change);
  return await updateStored(state, epoch, name, change);
}

/** Changes a field in the request alone. If that fails, it is what it was, although the value may have been changed inside. */
function updateOwn({ fields, handle }: Epoch, name: string, change: (value: unknown) => unknown): unknown {
  const present = fields.get(name);
  const restore = fields.restorer(name, present, handle ?? '');
  try {
    const value = change(present);
    if (value === undefined) fields.delete(name);
    else fields.write(name, value);
    return value;
  } catch (error) {
    // What has been set meanwhile is not the update's.
    if (fields.get(name) === present) restore?.();
    throw error;
  }
}

async function updateStored(
  state: SessionState,
  epoch: Epoch,
  name: string,
  change: (value: unknown) => unknown,
): Promise<unknown> {
  const { fields } = epoch;
  const renewing = renewIndexKeys(state, epoch);
  if (renewing !== undefined) await renewing;
  fields.forgetDeletion(name);
  let before = fields.serialized(name);
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
    const value: unknown = change(fields.parseForUpdate(name, before));
    let stored: Stored | undefined;
    const outcome = await onRecord(state, epoch, 'follow', (store, key) => {
      stored = value === undefined ? undefined : fields.serialize(name, value, key.handle);
      const set = new Map(stored === undefined ? [] : [[name, stored]]);
      const deleted = new Set(stored === undefined ? [name] : []);
      assertSizeAllowed(state, epoch, { set, delete: deleted });
      const fieldChange = changeOf(state, epoch, { set, delete: deleted }, null, null);
      return store.save(key, { ...fieldChange, expect: new Map([[name, before.stored]]) });
    });
    if (outcome === null) throw sessionEnded();
    const { handle } = epoch.record!.key;
    if (outcome.status === 'too-large') {
      throw tooLargeInStore(state, epoch, { set: new Map([[name, stored!]]), delete: new Set() }, outcome.size);
    }
    if (outcome.status === 'ok') {
      fields.markSaved(name, value, stored, handle);
      written(state, epoch, outcome.now);
      const [set, deleted] = stored === undefined ? [0, 1] : [1, 0];
      state.context.events.emit('saved', { handle, set, deleted });
      return value;
    }
    before = valueAfterConflict(name, before, { stored: fieldOf(outcome.fields, name), handle });
  }
  throw new SessionError(
    'ERR_SESSION_CONFLICT',
    `Other requests changed session field \`${name.slice(0, 100)}\` so often that the update could not be stored: send the request again`,
  );
}

/** Returns what the field is now, after a conflict with another request. */
function valueAfterConflict(name: string, before: SerializedField, now: SerializedField): SerializedField {
  const { stored } = before;
  const same = stored === undefined || now.stored === undefined ? stored === now.stored : isSame(stored, now.stored);
  if (!same) return now;
  // It looks as it did, and yet it differs: some of its bytes are lost in `redis.encoding`.
  throw new SessionError(
    'ERR_SESSION_STORE',
    `The stored bytes of session field \`${name.slice(0, 100)}\` are not text in \`redis.encoding\`: \`set\` it before the next \`update\``,
  );
}

function fieldOf(fields: Readonly<Record<string, Stored>>, name: string): Stored | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
