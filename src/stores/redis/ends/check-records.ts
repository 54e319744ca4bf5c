import type { RecordCheck, RecordChecks, RecordKey, Stored } from '../../store.ts';
import { slotOf } from '../cluster/slot.ts';
import type { KeyNames } from '../keys.ts';
import { parseRecord, textOf } from '../record.ts';
import type { ScriptRunner } from '../script-runner.ts';

/** Records that one command reads. */
const BATCH = 100;
/** Commands under way at a time, so that the requests of users are not kept waiting. */
const CONCURRENCY = 4;

const GONE: RecordCheck = { status: 'ended', reason: 'unknown' };

/** Reads what has become of records: many in one command, where they are on one server or, on a cluster, in one slot. */
export async function checkRecords(
  runner: ScriptRunner,
  names: KeyNames,
  keys: readonly RecordKey[],
  cluster: boolean,
): Promise<RecordChecks> {
  const records: RecordCheck[] = Array.from(keys, () => GONE);
  const batches = batchesOf(
    keys.map((key) => names.record(key)),
    cluster,
  );
  let now = 0;
  const work = async (): Promise<void> => {
    for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
      const { values } = await runner.run(
        'check',
        batch.map(({ name }) => name),
        [],
      );
      now = Number(values[0]);
      for (const [i, { index }] of batch.entries()) records[index] = parseCheck(values.slice(1 + 4 * i) as Stored[]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, batches.length) }, work));
  return { records, now };
}

interface Named {
  readonly name: string;
  readonly index: number;
}

function batchesOf(names: readonly string[], cluster: boolean): Named[][] {
  const groups = new Map<number, Named[]>();
  for (const [index, name] of names.entries()) {
    const slot = cluster ? slotOf(name) : 0;
    const group = groups.get(slot);
    if (group === undefined) groups.set(slot, [{ name, index }]);
    else group.push({ name, index });
  }
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / BATCH) }, (_, i) => group.slice(i * BATCH, (i + 1) * BATCH)),
  );
}

/** Reads what `lua/check.lua` replies of one record. What cannot be read cannot be opened either. */
function parseCheck([meta, lastSeen, tombstone, ended]: readonly Stored[]): RecordCheck {
  const fields: Record<string, Stored> = {};
  const values = { '@': meta, '@s': lastSeen, '@r': tombstone, '@e': ended };
  for (const [name, value] of Object.entries(values)) if (textOf(value!) !== '') fields[name] = value!;
  const record = parseRecord(fields);
  if (record?.status === 'found') return { status: 'found', meta: record.meta, lastSeen: record.lastSeen };
  if (record?.status === 'ended') return { status: 'ended', reason: record.reason };
  if (record?.status !== 'tombstone') return GONE;
  const { successor } = record;
  return successor === '' ? { status: 'ended', reason: 'superseded' } : { status: 'rekeyed', successor };
}
