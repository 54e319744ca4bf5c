import { createHash, randomBytes } from 'node:crypto';
import type { Epoch } from '../engine/epoch.ts';
import { flashPrefix } from '../engine/field-names.ts';
import { onRecord } from '../engine/rotation.ts';
import type { SessionState } from '../engine/state.ts';
import type { Stored } from '../stores/store.ts';

/** A message as it is stored: when, in milliseconds with fractions for the order, and what. */
type StoredMessage = readonly [at: number, message: unknown];

let lastTimestamp = 0;

/** Returns the time, rising even within a millisecond. */
function nextTimestamp({ store }: SessionState): number {
  const { now } = store;
  lastTimestamp = now > lastTimestamp ? now : lastTimestamp + 0.001;
  return lastTimestamp;
}

function fieldNames({ epoch }: SessionState, queue: string): string[] {
  const prefix = flashPrefix(queue);
  return [...epoch.fields.names()].filter((name) => name.startsWith(prefix));
}

/** Returns messages, oldest first. */
function inOrder(stored: readonly unknown[]): unknown[] {
  return (stored.filter(Array.isArray) as unknown as StoredMessage[])
    .toSorted((a, b) => a[0] - b[0])
    .map(([, message]) => message);
}

export function peekFlashes(state: SessionState, queue: string): unknown[] {
  return inOrder(fieldNames(state, queue).map((name) => state.read(name)));
}

export function popFlashes(state: SessionState, queue: string): unknown[] {
  // They are for the page that the user sees.
  if (state.isPrefetch) return [];
  const names = fieldNames(state, queue);
  const messages = inOrder(names.map((name) => state.read(name)));
  for (const name of names) state.epoch.fields.delete(name);
  return messages;
}

/**
 * Adds a message. Without duplicates the field is named after the message, so that two requests which flash the same at
 * once write the same field.
 */
export function addFlash(state: SessionState, message: unknown, queue: string, allowDuplicate: boolean): void {
  const { fields } = state.epoch;
  const field = (unique: string): string => flashPrefix(queue) + unique;
  const stored: StoredMessage = [nextTimestamp(state), message];
  fields.check(flashPrefix(queue), stored);
  if (allowDuplicate) {
    fields.set(field(randomBytes(6).toString('base64url')), stored);
    return;
  }
  const form = digest(fields.comparableForm(message));
  if (fields.has(field(form))) return;
  // Messages that were flashed as they come have names of another length, which say nothing about them.
  const others = fieldNames(state, queue).filter((name) => name.length !== field(form).length);
  const present = inOrder(others.map((name) => state.read(name)));
  if (present.some((each) => digest(fields.comparableForm(each)) === form)) return;
  fields.set(field(form), stored);
}

function digest(form: Stored): string {
  return createHash('sha256').update(form).digest('base64url').slice(0, 22);
}

/** Takes a queue out of the store, so that of several concurrent requests one receives each message. */
export async function takeFlashes(state: SessionState, queue: string): Promise<unknown[]> {
  if (state.isPrefetch) return [];
  const { epoch } = state;
  return await state.queue.run(() => take(state, epoch, queue));
}

async function take(state: SessionState, asked: Epoch, queue: string): Promise<unknown[]> {
  if (asked.over !== null) return [];
  peekFlashes(state, queue); // a record that cannot be read is noticed here, and nothing taken out of it
  const { epoch } = state;
  const { fields } = epoch;
  const prefix = flashPrefix(queue);
  const own = fieldNames(state, queue).filter((name) => fields.isWritten(name));
  const messages = own.map((name) => state.read(name));
  const given = new Set(own);
  for (const name of own) fields.delete(name);
  if (epoch.record === null || state.phase !== 'ready') return inOrder(messages);
  const outcome = await onRecord(state, epoch, 'lose', (store, key) => store.take(key, prefix));
  if (outcome === null) return inOrder(messages);
  const { handle } = epoch.record.key;
  for (const [name, stored] of Object.entries(outcome.fields)) {
    // Neither twice the same message, nor what this request has popped before.
    if (given.has(name) || fields.isDeleted(name)) continue;
    messages.push(fields.parse(name, stored, handle));
  }
  fields.forget(Object.keys(outcome.fields));
  return inOrder(messages);
}
