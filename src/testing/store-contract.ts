import type { StoreCheck } from './store-check.ts';
import { MOVES } from './store-moves.ts';
import { OWNERS } from './store-owners.ts';
import { LIFETIMES, RECORDS } from './store-records.ts';
import { SCANS } from './store-scans.ts';

/**
 * What every store promises, as checks for any test runner. Checks of owners are for stores that have
 * `listOwned` and `revokeOwned`, those of scans for stores that have `scan`.
 *
 * @example
 * ```ts
 * for (const { title, run } of storeContract({ owners: true, scan: true })) {
 *   test(title, () => run(harness));
 * }
 * ```
 */
export function storeContract(capabilities: { owners: boolean; scan?: boolean }): readonly StoreCheck[] {
  const { owners, scan = false } = capabilities;
  return [...RECORDS, ...LIFETIMES, ...MOVES, ...(owners ? OWNERS : []), ...(scan ? SCANS : [])];
}
