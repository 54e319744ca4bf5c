import { SessionError } from '../errors.ts';
import type { RecordKey, Stored } from '../stores/store.ts';
import { isSame, type Placed } from './fields.ts';
import { goOn } from './save.ts';
import type { SessionState } from './state.ts';

/**
 * Reads, changes and writes one field so that concurrent updates all count: the store accepts the result
 * only if the field still is what it was made from; otherwise the change is made again from what it is now.
 */
export async function updateField(
  state: SessionState,
  name: string,
  change: (value: unknown) => unknown,
): Promise<unknown> {
  await state.committing;
  const { fields } = state;
  state.read(name); // a record that cannot be read is noticed here
  if (state.key === null || state.phase !== 'ready' || fields.isWritten(name)) {
    // Nobody else can know of the session, or this request has replaced the field as a whole.
    const value = change(state.read(name));
    if (value === undefined) fields.delete(name);
    else fields.set(name, value);
    return value;
  }
  let before = fields.placed(name);
  for (;;) {
    const value: unknown = change(
      before.stored === undefined ? undefined : fields.parse(name, before.stored, before.handle),
    );
    const [id, { handle }]: [string, RecordKey] = [state.id!, state.key];
    const stored = value === undefined ? undefined : fields.serialize(name, value, handle);
    const outcome = await state.store!.save(state.key, {
      set: new Map(stored === undefined ? [] : [[name, stored]]),
      delete: new Set(stored === undefined ? [name] : []),
      timeout: null,
      expect: new Map([[name, before.stored]]),
    });
    if (outcome.status === 'ok') {
      fields.settle(name, value, stored, handle);
      state.lastSeen = outcome.now;
      state.engine.events.emit('saved', {
        handle,
        set: stored === undefined ? 0 : 1,
        deleted: stored === undefined ? 1 : 0,
      });
      return value;
    }
    if (outcome.status === 'conflict') {
      before = changed(name, before, { stored: fieldOf(outcome.fields, name), handle });
    } else if (!goOn(state, id, outcome, { set: new Map(), delete: new Set([name]) })) {
      return value;
    }
  }
}

/** What the field is now, after a conflict. */
function changed(name: string, before: Placed, now: Placed): Placed {
  const { stored } = before;
  const same = stored === undefined || now.stored === undefined ? stored === now.stored : isSame(stored, now.stored);
  if (!same) return now;
  // It looks as it did, and yet it is another: some of its bytes are lost in `redis.encoding`.
  throw new SessionError(
    'ERR_SESSION_STORE',
    `The stored bytes of session field \`${name.slice(0, 100)}\` are not text in \`redis.encoding\`: \`set\` it before the next \`update\``,
  );
}

function fieldOf(fields: Readonly<Record<string, Stored>>, name: string): Stored | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
