import type { StatsConfig } from '../engine/config.ts';
import { checkBoolean, checkNames, checkNumber, expected, isObject, OF_SECONDS } from '../internal/validate.ts';
import { hasEventWatcher, hasStatistics } from '../stores/store.ts';
import type { SessionOptions } from './options.ts';

/** The defaults of `stats`, in seconds: counts are kept for a week. */
export const DEFAULT_STATS: StatsConfig = { keep: 604_800, flushInterval: 5, publishEvents: false };

/** 90 days. */
const MAX_KEEP_SECONDS = 7_776_000;

/** Checks whether events and live sessions are counted, and how. */
export function normalizeStats({ stats, store }: Pick<SessionOptions, 'stats' | 'store'>): StatsConfig | null {
  if (stats === undefined || stats === false) return null;
  if (stats !== true && !isObject(stats))
    throw expected('stats', 'true, false, or { keep, flushInterval, publishEvents }', stats);
  if (isObject(store) && !hasStatistics(store)) {
    throw expected('stats', 'false', stats, 'The store cannot count: it has no `addStats` and `readStats`');
  }
  if (stats === true) return DEFAULT_STATS;
  checkNames('stats', stats, ['keep', 'flushInterval', 'publishEvents']);
  checkNumber('stats.keep', stats.keep, { of: OF_SECONDS, min: 60, max: MAX_KEEP_SECONDS });
  checkNumber('stats.flushInterval', stats.flushInterval, { of: OF_SECONDS, min: 0.05, max: 600, integer: false });
  checkBoolean('stats.publishEvents', stats.publishEvents);
  if (stats.publishEvents === true && isObject(store) && !hasEventWatcher(store)) {
    throw expected('stats.publishEvents', 'false', true, 'The store cannot pass events on: it has no `watchEvents`');
  }
  const { keep = DEFAULT_STATS.keep, flushInterval = DEFAULT_STATS.flushInterval, publishEvents = false } = stats;
  return { keep, flushInterval, publishEvents };
}
