import { describe, test } from 'vitest';
import { MemoryStore } from 'websauna-session/memory';
import { storeContract } from 'websauna-session/testing';
import { EVERY_CAPABILITY } from '../../support/capabilities.ts';
import { clockHarness } from '../../support/clock-harness.ts';

describe('store contract: memory', () => {
  for (const { title, run } of storeContract(EVERY_CAPABILITY))
    test(title, () => run(clockHarness(1_700_000_000_000, (now) => new MemoryStore({ now }))));
});
