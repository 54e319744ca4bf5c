import { NO_CHANGE, type Conflict, type RecordChange, type RecordKey, type SaveOutcome } from '../stores/store.ts';
import { toWholeSecond } from '../internal/whole-second.ts';
import { renewIndexKeys } from './create.ts';
import { isConfirmation } from './due.ts';
import type { Epoch } from './epoch.ts';
import type { FieldChanges } from './fields.ts';
import type { CommitPlan, HeadSituation } from './plan.ts';
import { onRecord } from './rotation.ts';
import { assertSizeAllowed, limitInStore, tooLargeInStore } from './size-limit.ts';
import type { SessionState } from './state.ts';

/**
 * Writes changes to the stored record, or renews its idle timeout when there are none. When the session is lost, nothing
 * is written, and the state is marked as lost.
 *
 * @param sendCookie when an acknowledgement lets the response carry the cookie
 * @param head the response's head, which is asked when the cookie is sent only if the save follows a rotation
 */
export async function saveRecord(
  state: SessionState,
  epoch: Epoch,
  given: FieldChanges | null,
  sendCookie: CommitPlan['sendCookie'],
  head: HeadSituation | null = null,
): Promise<void> {
  const { context } = state;
  const { fields, pending } = epoch;
  const { timeout } = pending;
  const { handle } = epoch.record!.key;
  let changes = given;
  if (given !== null) assertSizeAllowed(state, epoch, given);
  const isCookieSent = (key: RecordKey): boolean =>
    sendCookie === 'always' || (sendCookie === 'if-rotated' && key.handle !== handle && head!.allowsCookie);
  const renewing = renewIndexKeys(state, epoch);
  if (renewing !== undefined) await renewing;
  const outcome = await onRecord(state, epoch, 'follow', (store, key) => {
    // After a rotation that was followed, values that are bound to the handle are serialised again.
    if (key.handle !== handle && given !== null) changes = fields.changes(key.handle);
    const cookieAttributes = isCookieSent(key) ? sentAttributes(state) : null;
    const change = changeOf(state, epoch, changes ?? NO_CHANGE, timeout, cookieAttributes);
    // Without expectations there are no conflicts.
    return store.save(key, change) as Promise<Exclude<SaveOutcome, Conflict>>;
  });
  if (outcome === null) return;
  if (outcome.status === 'too-large') throw tooLargeInStore(state, epoch, changes!, outcome.size);
  const { key } = epoch.record!;
  fields.committed(changes, key.handle);
  if (pending.timeout === timeout) pending.timeout = null;
  written(state, epoch, outcome.now);
  if (timeout !== null) applyTimeout(epoch, timeout);
  if (isCookieSent(key) && outcome.now < epoch.record!.sendableUntil) state.acknowledge(epoch);
  if (changes === null) context.events.emit('touched', { handle: key.handle });
  else context.events.emit('saved', { handle: key.handle, set: changes.set.size, deleted: changes.delete.size });
}

/**
 * Returns a change of the epoch's record, with what every write includes.
 * @param timeout seconds; `null` for the one that it has
 */
export function changeOf(
  state: SessionState,
  epoch: Epoch,
  { set, delete: deleted }: Pick<RecordChange, 'set' | 'delete'>,
  timeout: number | null,
  cookieAttributes: string | null,
): RecordChange {
  const record = epoch.record!;
  const kept = record.timeoutOutdated ? record.meta.timeout : null;
  return {
    set,
    delete: deleted,
    timeout: timeout === null ? kept : { seconds: timeout, adjusted: true },
    expect: null,
    cookieAttributes,
    confirmsCookie: isConfirmation(state, record),
    explainEnds: state.context.config.explainEnds,
    maxSize: limitInStore(state.context.config.maxSize, set),
  };
}

/** Returns the attributes of the cookie that the response sends; `null` where it sends a token, which leaves cookies alone. */
export function sentAttributes({ cookie, token }: SessionState): string | null {
  return token === null ? cookie.attributes : null;
}

/** Records a write to the epoch's record. When a cookie was sent does not matter any longer: no second response sends one. */
export function written(state: SessionState, epoch: Epoch, now: number): void {
  const record = epoch.record!;
  const { meta } = record;
  const confirmed = isConfirmation(state, record) ? { ...meta, cookie: { ...meta.cookie, confirmed: true } } : meta;
  epoch.update({ lastSeen: toWholeSecond(now), timeoutOutdated: false, meta: confirmed });
}

function applyTimeout(epoch: Epoch, seconds: number): void {
  epoch.update({ meta: { ...epoch.record!.meta, timeout: { seconds, adjusted: true } } });
}
