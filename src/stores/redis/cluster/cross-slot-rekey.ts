import type {
  CorruptRecord,
  DestroyOutcome,
  Gone,
  LoadResult,
  RecordKey,
  RecordMeta,
  RecordRekey,
  RekeyOutcome,
  SaveOutcome,
  Stored,
  Tombstone,
  Written,
} from '../../store.ts';

/** A record as it is stored, bytes and all, so that a copy of it is exact. */
export interface RawRecord {
  readonly status: 'found';
  readonly meta: RecordMeta;
  /** The metadata as it is stored. */
  readonly text: string;
  readonly fields: ReadonlyMap<string, Stored>;
}

/** The steps of a rekey that one script cannot do, because the two keys live in different slots. */
export interface CrossSlotOps {
  read(key: RecordKey): Promise<RawRecord | Tombstone | CorruptRecord | undefined>;
  load(key: RecordKey): Promise<LoadResult | undefined>;
  /** The value as it is stored. */
  encode(value: Stored): Stored;
  /**
   * Makes a record from another one's metadata and the change of a rekey.
   * @param fields all of the new record's
   * @param provisional seconds after which the record ends unless it is confirmed; 0 for the life of any record
   */
  copy(
    to: RecordKey,
    old: RawRecord,
    rekey: RecordRekey,
    fields: ReadonlyMap<string, Stored>,
    provisional: number,
  ): Promise<RekeyOutcome>;
  /** Lets a provisional record live as long as any other: the login is complete, and the audit trail says so. */
  confirm(from: RecordKey, to: RecordKey, rekey: RecordRekey): Promise<SaveOutcome>;
  destroy(key: RecordKey): Promise<DestroyOutcome>;
  /** Ends a record that still is exactly this, and leaves the tombstone of the rekey. */
  deleteRotated(from: RecordKey, to: RecordKey, rekey: RecordRekey, old: RawRecord): Promise<RekeyOutcome>;
}

/** More than the steps take, and less than an owner would miss the place among the sessions. */
const PROVISIONAL_TTL_SECONDS = 15;

const GONE: Gone = { status: 'gone' };

/**
 * Rekeys a record into another slot. Writes the new record first and ends the old one then, so that a crash in between leaves
 * the client where it was: the new id has not been sent yet. Of two rekeys that race, the one that finds the old
 * record gone ends its copy; so does one whose copy missed a write. Its key is not used again: a revocation may have
 * ended the copy, and what has ended does not come back.
 *
 * A login's copy is one of the owner's sessions from the start, where revocations and limits find it. It is
 * provisional until the old record has ended: what a crash leaves of it soon expires. A rotation's copy is not, since
 * the tombstone at the old key leads to it as soon as that record has ended; without the tombstone it cannot be opened.
 */
export async function rekeyAcrossSlots(
  slots: CrossSlotOps,
  from: RecordKey,
  to: RecordKey,
  rekey: RecordRekey,
): Promise<RekeyOutcome> {
  const old = await slots.read(from);
  if (old?.status === 'tombstone') return old;
  if (old?.status !== 'found') return GONE;
  if (!matchesExpected(slots, old.fields, rekey)) {
    const current = await slots.load(from);
    return current?.status === 'found' ? { status: 'conflict', fields: current.fields } : { status: 'interrupted' };
  }
  const provisional = rekey.login === null ? 0 : PROVISIONAL_TTL_SECONDS;
  const created = await slots.copy(to, old, rekey, changedFields(slots, old, rekey), provisional);
  if (created.status !== 'ok') return created;
  const deleted = await slots.deleteRotated(from, to, rekey, old);
  if (deleted.status === 'ok') return await confirmCopy(slots, from, to, rekey, created);
  await slots.destroy(to);
  const { evicted } = created;
  return deleted.status === 'conflict' ? { status: 'interrupted', evicted } : { ...deleted, evicted };
}

function changedFields(slots: CrossSlotOps, old: RawRecord, rekey: RecordRekey): ReadonlyMap<string, Stored> {
  const fields = new Map(old.fields);
  for (const name of rekey.delete) fields.delete(name);
  for (const [name, value] of rekey.set) fields.set(name, slots.encode(value));
  return fields;
}

async function confirmCopy(
  slots: CrossSlotOps,
  from: RecordKey,
  to: RecordKey,
  rekey: RecordRekey,
  created: Written,
): Promise<RekeyOutcome> {
  if (rekey.login === null) return created;
  // Ended meanwhile: by a revocation, by the owner's limit, or because the steps took too long.
  const confirmed = await slots.confirm(from, to, rekey);
  return confirmed.status === 'ok' ? created : { status: 'gone', evicted: created.evicted };
}

function matchesExpected(slots: CrossSlotOps, fields: ReadonlyMap<string, Stored>, rekey: RecordRekey): boolean {
  const { expect } = rekey;
  if (expect === null) return true;
  for (const [name, value] of expect) {
    const stored = fields.get(name);
    if (value === undefined || stored === undefined ? value !== stored : !sameBytes(stored, slots.encode(value))) {
      return false;
    }
  }
  return !rekey.exact || [...fields.keys()].every((name) => expect.has(name));
}

function sameBytes(a: Stored, b: Stored): boolean {
  return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string)) === 0;
}
