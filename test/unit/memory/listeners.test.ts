import { expect, test } from 'vitest';
import { EndListeners } from '../../../src/stores/memory/end-listeners.ts';
import { EventListeners } from '../../../src/stores/memory/event-listeners.ts';
import { collectUncaught } from '../../support/uncaught.ts';
import { settle } from '../redis/manual-clock.ts';

/** Lets a call be heard by one listener that throws, and by another. */
async function hear(add: (happened: () => void) => void, happen: () => void): Promise<unknown[]> {
  const heard: unknown[] = [];
  add(() => {
    heard.push('one');
    throw new Error('mine');
  });
  add(() => heard.push('other'));
  const uncaught = collectUncaught();
  try {
    happen();
    await settle();
  } finally {
    uncaught.stop();
  }
  return [...heard, ...uncaught.errors.map((error) => (error as Error).message)];
}

const rest = { resumed: () => {}, failed: () => {} };

test('a listener to ends that throws keeps none from others: its error is an uncaught exception', async () => {
  const listeners = new EndListeners();
  const heard = await hear(
    (ended) => listeners.add({ ...rest, ended, rekeyed: () => {} }),
    () => listeners.ended('handle', 'logout'),
  );
  expect(heard).toEqual(['one', 'other', 'mine']);
});

test('a listener to events that throws keeps none from others: its error is an uncaught exception', async () => {
  const listeners = new EventListeners();
  const heard = await hear(
    (happened) => listeners.add({ ...rest, happened }),
    () => listeners.report({ source: 'other', from: 0, to: 1, events: [] }, 0),
  );
  expect(heard).toEqual(['one', 'other', 'mine']);
});
