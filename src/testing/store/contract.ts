import { AUDITS } from './audit.ts';
import type { StoreCheck } from './check.ts';
import { SHARED_EVENTS } from './events.ts';
import { EXPLANATIONS } from './explanations.ts';
import { EXPIRIES, LIFETIMES } from './lifetimes.ts';
import { LOGIN_INDEXES } from './login-indexes.ts';
import { LOGIN_LIMITS, LOGIN_LIMITS_OF_OWNERS } from './login-limits.ts';
import { OWNERS } from './owners.ts';
import { RACES } from './races.ts';
import { RECORDS } from './records.ts';
import { REKEYS, TOMBSTONES } from './rekeys.ts';
import { REVOCATIONS } from './revocations.ts';
import { SCANS } from './scans.ts';
import { STATS } from './stats.ts';
import { WATCHES } from './watches.ts';

/** What a store can do besides keeping records. */
export interface StoreCapabilities {
  /** It has `listOwned` and `revokeOwned`. */
  owners: boolean;
  /** It has `addIndexKey`, `findOwnerHashes` and `removeIndexKey`. */
  index?: boolean;
  /** It has `scan`. */
  scan?: boolean;
  /** Its `load` reports how owned records have ended. Needs `owners`. */
  explains?: boolean;
  /** It has `watchEnds` and `checkRecords`. */
  watches?: boolean;
  /** It has `startAudit`, `reportReuse` and `readAudit`. Needs `owners`. */
  audit?: boolean;
  /** It has `addStats` and `readStats`. Needs `owners`. */
  stats?: boolean;
  /** It has `watchEvents`. Needs `stats`. */
  events?: boolean;
}

/**
 * What every store promises, as checks for any test runner. Each check uses keys of its own, so that one store can
 * serve all of them.
 *
 * @example
 * ```ts
 * const all = { owners: true, index: true, scan: true, explains: true, watches: true, audit: true, stats: true, events: true };
 * for (const { title, run } of storeContract(all)) {
 *   test(title, () => run(harness));
 * }
 * ```
 */
export function storeContract(capabilities: StoreCapabilities): readonly StoreCheck[] {
  const {
    owners,
    index = false,
    scan = false,
    explains = false,
    watches = false,
    audit = false,
    stats = false,
    events = false,
  } = capabilities;
  return [
    ...RECORDS,
    ...LIFETIMES,
    ...EXPIRIES,
    ...REKEYS,
    ...LOGIN_LIMITS,
    ...TOMBSTONES,
    ...RACES.filter((check) => owners || !check.owners),
    ...(owners ? [...OWNERS, ...REVOCATIONS, ...LOGIN_LIMITS_OF_OWNERS] : []),
    ...(index ? LOGIN_INDEXES : []),
    ...(scan ? SCANS : []),
    ...(explains ? EXPLANATIONS : []),
    ...(owners && audit ? AUDITS : []),
    ...(owners && stats ? STATS : []),
    ...(stats && events ? SHARED_EVENTS : []),
    ...(watches ? WATCHES.filter((check) => owners || !check.owners) : []),
  ];
}
