import { expect, it } from 'vitest';
import { normalizeOptions } from '../../src/options/normalize.ts';
import { assuranceLevels } from '../../src/options/presets.ts';

it.each([
  ['AAL1', 30 * 86_400, 30 * 86_400],
  ['AAL2', 3600, 86_400],
  ['AAL3', 900, 43_200],
] as const)('%s: %i seconds idle, %i in all', (level, timeout, absoluteTimeout) => {
  const options = normalizeOptions({ secret: 's'.repeat(32), ...assuranceLevels[level] });
  // `adjustTimeout` cannot pass the level.
  expect(options).toMatchObject({ timeout, absoluteTimeout, maxTimeout: timeout });
});
