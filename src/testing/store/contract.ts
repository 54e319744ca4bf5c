import type { StoreCheck } from './check.ts';
import { MOVES } from './rekeys.ts';
import { OWNERS } from './owners.ts';
import { LIFETIMES, RECORDS } from './records.ts';
import { SCANS } from './scans.ts';

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
