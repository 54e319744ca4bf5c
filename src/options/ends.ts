import type { SessionConfig } from '../engine/config.ts';
import { checkNumber, checkOneOf, expected, isObject, MAX_LIFETIME_SECONDS, OF_SECONDS } from '../internal/validate.ts';
import type { SessionOptions } from './options.ts';

/** Checks what ends sessions besides their owners, and how ends are explained. */
export function normalizeEnds({
  onReuse,
  explainEnds,
  watchInterval,
  store,
}: SessionOptions): Pick<SessionConfig, 'onReuse' | 'explainEnds' | 'watchInterval'> {
  checkOneOf('onReuse', onReuse, ['report', 'end-session', 'end-owner']);
  if (onReuse === 'end-owner' && isObject(store) && !('revokeOwned' in store)) {
    const advice = 'The store cannot find the sessions of an owner: it has no `revokeOwned`';
    throw expected('onReuse', "'report' or 'end-session'", onReuse, advice);
  }
  checkNumber('explainEnds', explainEnds, { of: OF_SECONDS, min: 0, max: MAX_LIFETIME_SECONDS });
  checkNumber('watchInterval', watchInterval, { of: OF_SECONDS, min: 0.05, max: 86_400, integer: false });
  return { onReuse: onReuse ?? 'report', explainEnds: explainEnds ?? 0, watchInterval: watchInterval ?? 30 };
}
