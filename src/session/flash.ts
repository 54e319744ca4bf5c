import { createHash, randomBytes } from 'node:crypto';
import { goOn } from '../engine/save.ts';
import type { SessionState } from '../engine/state.ts';

/** A message as it is stored: when, in milliseconds with fractions for the order, and what. */
type StoredMessage = readonly [at: number, message: unknown];

let lastAt = 0;

/** Rising even within a millisecond. */
function nextAt(): number {
  const now = Date.now();
  lastAt = now > lastAt ? now : lastAt + 0.001;
  return lastAt;
}

/** What the names of a queue's fields begin with. Each message is a field of its own, so that none is lost. */
export function flashPrefix(queue: string): string {
  return `@f${encodeURIComponent(queue)}:`;
}

function fieldNames(state: SessionState, queue: string): string[] {
  const prefix = flashPrefix(queue);
  return [...state.fields.names()].filter((name) => name.startsWith(prefix));
}

/** Messages in the order of their flashing. */
function inOrder(stored: readonly unknown[]): unknown[] {
  return (stored.filter(Array.isArray) as unknown as StoredMessage[])
    .toSorted((a, b) => a[0] - b[0])
    .map(([, message]) => message);
}

export function peekFlashes(state: SessionState, queue: string): unknown[] {
  return inOrder(fieldNames(state, queue).map((name) => state.read(name)));
}

export function popFlashes(state: SessionState, queue: string): unknown[] {
  const names = fieldNames(state, queue);
  const messages = inOrder(names.map((name) => state.read(name)));
  for (const name of names) state.fields.delete(name);
  return messages;
}

/**
 * Without duplicates the field is named after the message, so that two requests which flash the same at
 * once write the same field.
 */
export function addFlash(state: SessionState, message: unknown, queue: string, allowDuplicate: boolean): void {
  const text = JSON.stringify(message);
  if (!allowDuplicate && peekFlashes(state, queue).some((present) => JSON.stringify(present) === text)) return;
  const unique = allowDuplicate
    ? randomBytes(6).toString('base64url')
    : createHash('sha256').update(text).digest('base64url').slice(0, 22);
  state.fields.set(flashPrefix(queue) + unique, [nextAt(), message] satisfies StoredMessage);
}

/** Takes a queue out of the store, so that of several concurrent requests one gets each message. */
export async function takeFlashes(state: SessionState, queue: string): Promise<unknown[]> {
  await state.committing;
  peekFlashes(state, queue); // a record that cannot be read is noticed here, and nothing taken out of it
  const prefix = flashPrefix(queue);
  const own = fieldNames(state, queue).filter((name) => state.fields.isWritten(name));
  const messages = own.map((name) => state.read(name));
  const given = new Set(own);
  for (const name of own) state.fields.delete(name);
  for (;;) {
    if (state.key === null || state.phase !== 'ready') return inOrder(messages);
    const [id, { handle }] = [state.id!, state.key];
    const outcome = await state.store!.take(state.key, prefix);
    if (outcome.status === 'ok') {
      for (const [name, stored] of Object.entries(outcome.fields)) {
        // Neither twice the same message, nor what this request has popped before.
        if (given.has(name) || state.fields.isWritten(name)) continue;
        messages.push(state.fields.parse(name, stored, handle));
      }
      state.fields.forget(Object.keys(outcome.fields));
      return inOrder(messages);
    }
    goOn(state, id, outcome, null);
  }
}
