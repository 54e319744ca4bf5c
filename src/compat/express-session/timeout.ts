import { MAX_LIFETIME_SECONDS } from '../../internal/validate.ts';

/** Seconds that a session lives whose cookie does not say it. connect-redis has the same. */
export const DEFAULT_TTL = 86_400;

/** Returns the seconds that a session with this cookie lives without being used. */
export function timeoutOf(originalMaxAge: number | null, ttl: number): number {
  if (originalMaxAge === null) return ttl;
  return Math.min(MAX_LIFETIME_SECONDS, Math.max(1, Math.ceil(originalMaxAge / 1000) || 1));
}
