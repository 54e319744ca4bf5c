import type {
  CorruptRecord,
  DestroyOutcome,
  Gone,
  LoadResult,
  Tombstone,
  RekeyOutcome,
  NewRecord,
  RecordKey,
  RecordMeta,
  RecordRekey,
  SaveOutcome,
  Stored,
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

/** The steps of a move that one script cannot do, because the two keys live in different slots. */
export interface CrossSlotOps {
  read(key: RecordKey): Promise<RawRecord | Tombstone | CorruptRecord | undefined>;
  load(key: RecordKey): Promise<LoadResult | undefined>;
  /** The value as it is stored. */
  encode(value: Stored): Stored;
  /**
   * @param meta metadata to take over as it is; '' to begin anew
   * @param trial seconds after which the record ends unless it is kept; 0 for the life of any record
   */
  create(key: RecordKey, record: NewRecord, meta: string, trial: number): Promise<RekeyOutcome>;
  /** Gives a record on trial the life of any other. */
  keep(key: RecordKey): Promise<SaveOutcome>;
  destroy(key: RecordKey): Promise<DestroyOutcome>;
  /** Ends a record that still is exactly this. */
  retire(from: RecordKey, to: RecordKey, trace: RecordRekey['trace'], old: RawRecord): Promise<RekeyOutcome>;
}

/** Seconds: more than the steps take, and less than an owner would miss the place among the sessions. */
const TRIAL = 15;

const GONE: Gone = { status: 'gone' };

/**
 * Writes the new record first and ends the old one then, so that a crash in between leaves the client
 * where it was: nobody has been told the new id. Of two moves that race, the one that finds the old
 * record gone takes its copy back; so does one whose copy missed a write. Its key is not used again: a
 * revocation may have ended the copy, and what has ended does not come back.
 *
 * A login's copy is one of the owner's sessions from the start, where revocations and limits find it. It
 * is on trial until the old record has ended: what a crash leaves of it is soon gone. A rotation's copy
 * is not, since the trace at the old key leads to it as soon as that record has ended; without the trace
 * nobody can open it or see it.
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
  if (!holds(slots, old.fields, rekey)) {
    const current = await slots.load(from);
    return current?.status === 'found' ? { status: 'conflict', fields: current.fields } : { status: 'interrupted' };
  }
  const created = await copy(slots, to, old, rekey);
  if (created.status !== 'ok') return created;
  const retired = await slots.retire(from, to, rekey.trace, old);
  if (retired.status === 'ok') return await conclude(slots, to, rekey, created);
  await slots.destroy(to);
  const { evicted } = created;
  return retired.status === 'conflict' ? { status: 'interrupted', evicted } : { ...retired, evicted };
}

async function copy(slots: CrossSlotOps, to: RecordKey, old: RawRecord, rekey: RecordRekey): Promise<RekeyOutcome> {
  const { login } = rekey;
  const timeout = rekey.timeout ?? old.meta.timeout;
  const fields = new Map(old.fields);
  for (const name of rekey.delete) fields.delete(name);
  for (const [name, value] of rekey.set) fields.set(name, slots.encode(value));
  const details = login?.details ?? old.meta;
  const record = { details, timeout, absoluteTimeout: login?.absoluteTimeout ?? 0, fields, login };
  if (login !== null) return await slots.create(to, record, '', TRIAL);
  return await slots.create(to, record, withTimeout(old.text, timeout), 0);
}

async function conclude(
  slots: CrossSlotOps,
  to: RecordKey,
  rekey: RecordRekey,
  created: Written,
): Promise<RekeyOutcome> {
  if (rekey.login === null) return created;
  // Ended meanwhile: by a revocation, by the owner's limit, or because the trial took too long.
  return (await slots.keep(to)).status === 'ok' ? created : { status: 'gone', evicted: created.evicted };
}

/** See `lua/_record.lua` for the format. */
function withTimeout(meta: string, timeout: number): string {
  return meta.replace(/^(1:\d+:)\d+/, `$1${timeout}`);
}

function holds(slots: CrossSlotOps, fields: ReadonlyMap<string, Stored>, rekey: RecordRekey): boolean {
  if (rekey.expect === null) return true;
  for (const [name, value] of rekey.expect) {
    const stored = fields.get(name);
    if (value === undefined || stored === undefined ? value !== stored : !sameBytes(stored, slots.encode(value))) {
      return false;
    }
  }
  return !rekey.exact || [...fields.keys()].every((name) => rekey.expect!.has(name));
}

function sameBytes(a: Stored, b: Stored): boolean {
  return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string)) === 0;
}
