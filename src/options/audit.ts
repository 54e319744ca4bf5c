import { checkNames, checkNumber, expected, isObject, MAX_LIFETIME_SECONDS, OF_SECONDS } from '../internal/validate.ts';
import { hasAuditTrail, type AuditLimits } from '../stores/store.ts';
import type { SessionOptions } from './options.ts';

/** The defaults of `audit`: 90 days, in seconds, and a thousand entries. */
export const DEFAULT_AUDIT: AuditLimits = { maxAge: 7_776_000, maxEntries: 1000 };

/** Checks whether there are audit trails, and how much of them is kept. */
export function normalizeAudit({ audit, store }: Pick<SessionOptions, 'audit' | 'store'>): AuditLimits | null {
  if (audit === undefined || audit === false) return null;
  if (audit !== true && !isObject(audit)) {
    throw expected('audit', 'true, false, or { maxAge, maxEntries }', audit);
  }
  if (isObject(store) && !hasAuditTrail(store)) {
    const advice = 'The store cannot keep audit trails: it has no `startAudit`, `reportReuse` and `readAudit`';
    throw expected('audit', 'false', audit, advice);
  }
  if (audit === true) return DEFAULT_AUDIT;
  checkNames('audit', audit, ['maxAge', 'maxEntries']);
  checkNumber('audit.maxAge', audit.maxAge, { of: OF_SECONDS, min: 1, max: 10 * MAX_LIFETIME_SECONDS });
  checkNumber('audit.maxEntries', audit.maxEntries, { of: 'of entries', min: 1, max: 1_000_000 });
  const { maxAge = DEFAULT_AUDIT.maxAge, maxEntries = DEFAULT_AUDIT.maxEntries } = audit;
  return { maxAge, maxEntries };
}
