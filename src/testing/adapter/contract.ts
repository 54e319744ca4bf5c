import { CACHING } from './caching.ts';
import type { AdapterCheck } from './check.ts';
import { COOKIES } from './cookies.ts';
import { FAILURES } from './failures.ts';
import { LATE } from './late.ts';
import { LIFECYCLE } from './lifecycle.ts';
import { REQUEST_KINDS } from './request-kinds.ts';
import { RESPONSES } from './responses.ts';
import { SECRETS } from './secrets.ts';
import { TENANT_COOKIES } from './tenants.ts';
import { TOKENS } from './tokens.ts';

/**
 * What every adapter promises, as checks for any test runner. Each starts an application of its own.
 *
 * @example
 * ```ts
 * for (const { title, run } of adapterContract()) {
 *   test(title, () => run({ prefix: '/shop', peer: '127.0.0.1', start }));
 * }
 * ```
 */
export function adapterContract(): readonly AdapterCheck[] {
  return [
    ...COOKIES,
    ...TENANT_COOKIES,
    ...LIFECYCLE,
    ...RESPONSES,
    ...REQUEST_KINDS,
    ...CACHING,
    ...LATE,
    ...SECRETS,
    ...TOKENS,
    ...FAILURES,
  ];
}
