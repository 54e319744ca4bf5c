import { SESSION_EVENT_NAMES } from '../../events.ts';
import type { EventBatch, EventReport, SharedEventListener } from '../store.ts';

const NAMES: ReadonlySet<unknown> = new Set(SESSION_EVENT_NAMES);
const HANDLE = /^[\w-]{43}$/;
const WORD = /^[\w-]{1,64}$/;

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
  if (!isWord(source) || !isCount(from) || !isCount(to) || from > to || !Array.isArray(rows)) return undefined;
  // An event that this version does not know counts as one that is missing.
  const events = rows
    .filter(isRow)
    .map(([number, at, event, reason, handle]) => ({ number, at, event, reason, handle }));
  return { source, from, to, events };
}

function isRow(row: unknown): row is Row {
  if (!Array.isArray(row)) return false;
  const [number, at, event, reason, handle] = row as unknown[];
  return (
    isCount(number) &&
    isCount(at) &&
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
