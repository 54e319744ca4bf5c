import type { SessionConfig } from '../engine/config.ts';
import { checkNumber, expected, MAX_LIFETIME_SECONDS, OF_SECONDS } from '../internal/validate.ts';
import type { SessionOptions } from './options.ts';

/** The default of `timeout`, in seconds. */
const DEFAULT_TIMEOUT = 1200;
/** The default of `absoluteTimeout`, in seconds: 30 days. */
const DEFAULT_ABSOLUTE_TIMEOUT = 2_592_000;

/** How long sessions and old ids live, and how often that is renewed; seconds. */
export type Lifetimes = Pick<
  SessionConfig,
  'timeout' | 'maxTimeout' | 'absoluteTimeout' | 'maxAbsoluteTimeout' | 'touchInterval' | 'rotationGrace'
>;

/** Checks the options that say how long sessions live. */
export function normalizeLifetimes(options: SessionOptions): Lifetimes {
  const of = OF_SECONDS;
  const max = MAX_LIFETIME_SECONDS;
  checkNumber('timeout', options.timeout, { of, min: 1, max });
  checkNumber('absoluteTimeout', options.absoluteTimeout, { of, min: 1, max, orNull: 'null for never' });
  checkNumber('touchInterval', options.touchInterval, { of, min: 0, max, integer: false });
  checkNumber('rotationGrace', options.rotationGrace, { of, min: 0, max: 3600, integer: false });
  const { absoluteTimeout = DEFAULT_ABSOLUTE_TIMEOUT } = options;
  // A shorter absolute timeout alone says enough: the idle one then ends with it.
  const { timeout = Math.min(DEFAULT_TIMEOUT, absoluteTimeout ?? DEFAULT_TIMEOUT) } = options;
  if (absoluteTimeout !== null && absoluteTimeout < timeout) {
    throw expected(
      'absoluteTimeout',
      `at least \`timeout\`, which is ${timeout}`,
      absoluteTimeout,
      'Set `absoluteTimeout` too, or to null for sessions without an end',
    );
  }
  checkNumber('maxTimeout', options.maxTimeout, { of, min: 1, max, orNull: 'null for any' });
  const { maxTimeout = null } = options;
  if (maxTimeout !== null && maxTimeout < timeout) {
    throw expected('maxTimeout', `at least \`timeout\`, which is ${timeout}`, maxTimeout);
  }
  const { maxAbsoluteTimeout = null } = options;
  checkNumber('maxAbsoluteTimeout', maxAbsoluteTimeout, { of, min: 1, max, orNull: 'null for any' });
  if (maxAbsoluteTimeout !== null && (absoluteTimeout === null || maxAbsoluteTimeout < absoluteTimeout)) {
    const what = `at least \`absoluteTimeout\`, which is ${absoluteTimeout ?? 'without an end'}`;
    throw expected('maxAbsoluteTimeout', what, maxAbsoluteTimeout);
  }
  const { touchInterval = Math.min(60, timeout / 10), rotationGrace = 10 } = options;
  if (touchInterval >= timeout)
    throw expected('touchInterval', `less than \`timeout\`, which is ${timeout}`, touchInterval);
  return { timeout, maxTimeout, absoluteTimeout, maxAbsoluteTimeout, touchInterval, rotationGrace };
}
