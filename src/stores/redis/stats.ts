import {
  HOURS_KEPT,
  type SessionSightings,
  type StatsReport,
  type StatsUnit,
  type Stored,
  type StoredStats,
} from '../store.ts';
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
const DAY_MS = 86_400_000;

/**
 * How counts are stored: those of the minutes of an hour in one key, and those of the hours of a day. Milliseconds.
 * `perCommand` are the keys that one command reads, so that it does not keep others waiting: a week of hours is one.
 */
const STORED = {
  minute: { name: 'counts', unit: MINUTE_MS, container: HOUR_MS, perCommand: 1, unasked: HOUR_MS },
  hour: { name: 'hours', unit: HOUR_MS, container: DAY_MS, perCommand: 8, unasked: DAY_MS },
} as const;

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
  for (const by of ['minute', 'hour'] as const) {
    const { name, container } = STORED[by];
    for (const [number, fields] of countsBy(by, report.counts, now)) {
      const values = [...fields].flatMap(([field, count]) => [field, String(count)]);
      const expires = (number + 1) * container + keptFor(by, keep) * SECOND_MS;
      addition.add(names.stats(`${name}:${number}`), expires, '', values);
    }
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

/** Returns counts by the number of their key, and by minute or hour, event and reason. */
function countsBy(by: StatsUnit, counts: StatsReport['counts'], now: number): Map<number, Map<string, number>> {
  const { unit, container } = STORED[by];
  const keys = new Map<number, Map<string, number>>();
  for (const { event, reason, count, age } of counts) {
    const at = now - age;
    const number = Math.floor(at / container);
    const fields = keys.get(number) ?? new Map<string, number>();
    keys.set(number, fields);
    const field = [Math.floor((at % container) / unit), event, ...(reason === null ? [] : [reason])].join(':');
    fields.set(field, (fields.get(field) ?? 0) + count);
  }
  return keys;
}

function keptFor(by: StatsUnit, keep: number): number {
  return by === 'hour' ? Math.max(keep, HOURS_KEPT) : keep;
}

/** Reads what all processes have counted. */
export async function readStats(
  runner: ScriptRunner,
  names: KeyNames,
  since: number | null,
  keep: number,
  by: StatsUnit,
): Promise<StoredStats> {
  const asked = await runner.now(names.stats('buckets'));
  const { unit, container, perCommand, unasked } = STORED[by];
  const from = Math.max(since ?? asked - unasked, asked - keptFor(by, keep) * SECOND_MS);
  const [first, last] = [Math.floor(from / container), Math.floor(asked / container)];
  const numbers = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  const count = (kind: string, fate: string): Promise<Reading> => read(runner, names, [kind, fate], by, []);
  // Together they would take the server too long for one command.
  const [anonymous, anonymousEnded, owned, ownedEnded, ...counted] = await Promise.all([
    count('anonymous', 'written'),
    count('anonymous', 'ended'),
    count('owned', 'written'),
    count('owned', 'ended'),
    ...Array.from({ length: Math.ceil(numbers.length / perCommand) }, (_, i) =>
      read(runner, names, ['', ''], by, numbers.slice(i * perCommand, (i + 1) * perCommand)),
    ),
  ]);
  return {
    now: anonymous.now,
    anonymous: Math.max(0, anonymous.sessions - anonymousEnded.sessions),
    owned: Math.max(0, owned.sessions - ownedEnded.sessions),
    error: Math.max(
      relativeError(anonymous.sessions, anonymousEnded.sessions),
      relativeError(owned.sessions, ownedEnded.sessions),
    ),
    counts: counted
      .flatMap(({ counts }) => counts)
      .filter(({ start }) => start > from - unit)
      .toSorted((a, b) => a.start - b.start),
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
  by: StatsUnit,
  numbers: readonly number[],
): Promise<Reading> {
  const { name, unit, container } = STORED[by];
  const keys = [names.stats('buckets'), ...numbers.map((number) => names.stats(`${name}:${number}`))];
  const { values } = await runner.run('readStats', keys, [names.stats(''), ...sessions]);
  const counts: StoredStats['counts'][number][] = [];
  for (let i = 2; i < values.length; i += 3) {
    const number = numbers[Number(values[i]) - 2]!;
    const [within, event = '', reason = null] = textOf(values[i + 1] as Stored).split(':');
    const many = Number(textOf(values[i + 2] as Stored));
    counts.push({ start: number * container + Number(within) * unit, event, reason, count: many });
  }
  return { now: Number(values[0]), sessions: Number(values[1]), counts };
}

/** Returns the relative standard error of a difference of two counts, as if their errors had nothing to do with each other. */
function relativeError(all: number, ended: number): number {
  return all > ended ? (STANDARD_ERROR * Math.hypot(all, ended)) / (all - ended) : 0;
}
