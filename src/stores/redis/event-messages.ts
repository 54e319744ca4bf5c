import { SESSION_EVENT_NAMES } from '../../events.ts';
import { MAX_EVENTS } from '../outgoing-events.ts';
import type { EventBatch, EventReport, SharedEventListener } from '../store.ts';

const NAMES: ReadonlySet<unknown> = new Set(SESSION_EVENT_NAMES);
const HANDLE = /^[\w-]{43}$/;
/** The last time that a `Date` can have. */
const LAST_TIME = 8_640_000_000_000_000;
const WORD = /^[\w-]{1,64}$/;

type Numbered = readonly [number: number, at: number, ...parts: unknown[]];
type Row = readonly [number: number, at: number, event: string, reason: string | null, handle: string | null];

/** Returns the message with what a process shares; empty for nothing. @param now the store's clock */
export function eventMessage(report: EventReport | null, now: number): string {
  if (report === null) return '';
  const { source, from, to, events } = report;
  const rows: Row[] = events.map((each) => [
    each.number,
    Math.round(now - each.age),
    each.event,
    each.reason,
    each.handle,
  ]);
  return JSON.stringify([source, from, to, rows]);
}

/** Passes on a message of `eventMessage`. What is none is ignored: others may use the channel by mistake. */
export function dispatchEvents(message: string, listener: Pick<SharedEventListener, 'happened'>): void {
  const batch = parseBatch(message);
  if (batch !== undefined) listener.happened(batch);
}

function parseBatch(message: string): EventBatch | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(message);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts)) return undefined;
  const [source, from, to, rows] = parts as unknown[];
  if (!isWord(source) || !isCount(from) || !isCount(to) || from > to) return undefined;
  if (!areNumbered(rows, from, to)) return undefined;
  // An event that this version does not know counts as one that is missing.
  const events = rows
    .filter(isRow)
    .map(([number, at, event, reason, handle]) => ({ number, at, event, reason, handle }));
  return { source, from, to, events };
}

/** Returns whether the rows are as many as a process reports at most, with ascending numbers from `from` to below `to`. */
function areNumbered(rows: unknown, from: number, to: number): rows is Numbered[] {
  if (!Array.isArray(rows) || rows.length > MAX_EVENTS) return false;
  let next = from;
  for (const row of rows as unknown[]) {
    if (!Array.isArray(row)) return false;
    const [number, at] = row as unknown[];
    if (!isCount(number) || number < next || number >= to || !isCount(at) || at > LAST_TIME) return false;
    next = number + 1;
  }
  return true;
}

function isRow(row: Numbered): row is Row {
  const [, , event, reason, handle] = row;
  return (
    NAMES.has(event) &&
    (reason === null || isWord(reason)) &&
    (handle === null || (typeof handle === 'string' && HANDLE.test(handle)))
  );
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && WORD.test(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
