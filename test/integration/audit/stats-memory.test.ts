import { beforeEach, expect, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { MemoryStore } from 'websauna-session/memory';
import { SECRET } from '../../contract/consistency/factories.ts';
import { statsSuite } from './stats-suite.ts';

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

statsSuite((options) => createSessionFactory({ secret: SECRET, store, ...options }));

test('a store that cannot count is refused with the option', () => {
  const { now, load, create, save, rekey, take, destroy, close } = store as unknown as Record<string, unknown>;
  const bare = { now, load, create, save, rekey, take, destroy, close } as never;
  expect(() => createSessionFactory({ secret: SECRET, store: bare, stats: true })).toThrow(
    'Expected `stats` to be false, got true. The store cannot count: it has no `addStats` and `readStats`',
  );
});
