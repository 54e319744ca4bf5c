import type { SessionSightings, StatsReport, Stored, StoredStats } from '../store.ts';
import { eventMessage } from './event-messages.ts';
import type { KeyNames } from './keys.ts';
import { textOf } from './record.ts';
import type { ScriptRunner } from './script-runner.ts';

// Live sessions are counted by HyperLogLogs. A handle goes into the bucket of the time at which its session expires unless
// it is used again, so that the sessions that live are those in the buckets that have not ended, without those that were
// ended before. A bucket is about a thirtieth of the lifetime wide, and times are rounded to the nearest: what counts for
// too long makes up for what does not count long enough.

/** Of a HyperLogLog in Redis: 1.04 / sqrt(16384). */
const STANDARD_ERROR = 0.008125;
/** Characters of a handle that tell sessions apart: a HyperLogLog hashes them to 64 bits. */
const COUNTED_LENGTH = 12;
/** Handles in one command, so that it does not keep others waiting. */
const MAX_HANDLES = 10_000;
const BUCKETS_PER_LIFETIME = 32;

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Keys and arguments of one `lua/add-stats.lua`. */
class Addition {
  readonly keys: string[];
  /** The first two: a channel and a message; `''` for none. */
  readonly args: string[] = ['', ''];
  handles = 0;

  constructor(index: string) {
    this.keys = [index];
  }

  publish(channel: string, message: string): void {
    this.args[0] = channel;
    this.args[1] = message;
  }

  /** @param member of the index; `''` for counts */
  add(key: string, expires: number, member: string, values: readonly string[]): void {
    this.keys.push(key);
    this.args.push(String(Math.ceil(expires)), member, String(values.length));
    for (const value of values) this.args.push(value);
    if (member !== '') this.handles += values.length;
  }
}

/**
 * Adds what a process has counted to the counts of all, and publishes its events. The counts of events go last: to add
 * them twice would be wrong.
 */
export async function addStats(
  runner: ScriptRunner,
  names: KeyNames,
  report: StatsReport,
  keep: number,
): Promise<void> {
  const now = await runner.now(names.stats('buckets'));
  let addition = new Addition(names.stats('buckets'));
  const send = async (): Promise<void> => {
    const { keys, args } = addition;
    addition = new Addition(names.stats('buckets'));
    await runner.runWithDeadline('addStats', keys, args);
  };
  for (const [member, bucket] of bucketsOf(report, now)) {
    for (let i = 0; i < bucket.handles.length; i += MAX_HANDLES) {
      const handles = bucket.handles.slice(i, i + MAX_HANDLES);
      if (addition.handles + handles.length > MAX_HANDLES) await send();
      addition.add(names.stats(member), bucket.end, member, handles);
    }
  }
  for (const [hour, fields] of countsByHour(report.counts, now)) {
    const values = [...fields].flatMap(([field, count]) => [field, String(count)]);
    addition.add(names.stats(`counts:${hour}`), (hour + 1) * HOUR_MS + keep * SECOND_MS, '', values);
  }
  const message = eventMessage(report.events ?? null, now);
  if (message !== '') addition.publish(names.eventChannel, message);
  await send();
}

interface Bucket {
  /** Milliseconds. */
  readonly end: number;
  readonly handles: string[];
}

function bucketsOf({ anonymous, owned }: StatsReport, now: number): Map<string, Bucket> {
  const buckets = new Map<string, Bucket>();
  const add = (name: string, sessions: SessionSightings[keyof SessionSightings]): void => {
    for (const [handle, endsAt] of sessions) {
      const width = bucketWidth(endsAt - now);
      const end = Math.round(endsAt / width) * width;
      if (end <= now) continue;
      const member = `${name}:${width}:${end / width}`;
      const bucket = buckets.get(member) ?? { end, handles: [] };
      buckets.set(member, bucket);
      bucket.handles.push(handle.slice(0, COUNTED_LENGTH));
    }
  };
  add('anonymous:written', anonymous.written);
  add('anonymous:ended', anonymous.ended);
  add('owned:written', owned.written);
  add('owned:ended', owned.ended);
  return buckets;
}

/** Returns the milliseconds of a bucket for sessions that live so much longer: a power of two in seconds. */
function bucketWidth(left: number): number {
  return SECOND_MS * 2 ** Math.max(0, Math.ceil(Math.log2(left / SECOND_MS / BUCKETS_PER_LIFETIME)));
}

/** Returns counts by the number of the hour, and by minute, event and reason. */
function countsByHour(counts: StatsReport['counts'], now: number): Map<number, Map<string, number>> {
  const hours = new Map<number, Map<string, number>>();
  for (const { event, reason, count, age } of counts) {
    const at = now - age;
    const hour = Math.floor(at / HOUR_MS);
    const fields = hours.get(hour) ?? new Map<string, number>();
    hours.set(hour, fields);
    const field = [Math.floor((at % HOUR_MS) / MINUTE_MS), event, ...(reason === null ? [] : [reason])].join(':');
    fields.set(field, (fields.get(field) ?? 0) + count);
  }
  return hours;
}

/** Reads what all processes have counted. */
export async function readStats(
  runner: ScriptRunner,
  names: KeyNames,
  since: number | null,
  keep: number,
): Promise<StoredStats> {
  const asked = await runner.now(names.stats('buckets'));
  const from = Math.max(since ?? asked - HOUR_MS, asked - keep * SECOND_MS);
  const [first, last] = [Math.floor(from / HOUR_MS), Math.floor(asked / HOUR_MS)];
  const hours = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  const count = (kind: string, fate: string): Promise<Reading> => read(runner, names, [kind, fate], []);
  // Together they would take the server too long for one command.
  const [anonymous, anonymousEnded, owned, ownedEnded, ...hourly] = await Promise.all([
    count('anonymous', 'written'),
    count('anonymous', 'ended'),
    count('owned', 'written'),
    count('owned', 'ended'),
    ...hours.map((hour) => read(runner, names, ['', ''], [hour])),
  ]);
  return {
    now: anonymous.now,
    anonymous: Math.max(0, anonymous.sessions - anonymousEnded.sessions),
    owned: Math.max(0, owned.sessions - ownedEnded.sessions),
    error: Math.max(
      relativeError(anonymous.sessions, anonymousEnded.sessions),
      relativeError(owned.sessions, ownedEnded.sessions),
    ),
    counts: hourly
      .flatMap(({ counts }) => counts)
      .filter(({ minute }) => minute > from - MINUTE_MS)
      .toSorted((a, b) => a.minute - b.minute),
  };
}

/** What one `lua/read-stats.lua` returns. */
interface Reading {
  readonly now: number;
  readonly sessions: number;
  readonly counts: StoredStats['counts'];
}

async function read(
  runner: ScriptRunner,
  names: KeyNames,
  sessions: readonly [kind: string, fate: string],
  hours: readonly number[],
): Promise<Reading> {
  const keys = [names.stats('buckets'), ...hours.map((hour) => names.stats(`counts:${hour}`))];
  const { values } = await runner.run('readStats', keys, [names.stats(''), ...sessions]);
  const counts: StoredStats['counts'][number][] = [];
  for (let i = 2; i < values.length; i += 3) {
    const hour = hours[Number(values[i]) - 2]!;
    const [minute, event = '', reason = null] = textOf(values[i + 1] as Stored).split(':');
    const many = Number(textOf(values[i + 2] as Stored));
    counts.push({ minute: hour * HOUR_MS + Number(minute) * MINUTE_MS, event, reason, count: many });
  }
  return { now: Number(values[0]), sessions: Number(values[1]), counts };
}

/** Returns the relative standard error of a difference of two counts, as if their errors had nothing to do with each other. */
function relativeError(all: number, ended: number): number {
  return all > ended ? (STANDARD_ERROR * Math.hypot(all, ended)) / (all - ended) : 0;
}
