import type { WatchedEndReason } from '../../../errors.ts';
import type { EndListener } from '../../store.ts';

const REASONS: ReadonlySet<string> = new Set(
  Object.keys({
    logout: true,
    revoked: true,
    evicted: true,
    expired: true,
    'authentication-changed': true,
    'id-reuse': true,
    superseded: true,
    unknown: true,
  } satisfies Record<WatchedEndReason, true>),
);

/** Passes on a message of `lua/ends/_publish.lua`. What is none is ignored: others may use the channel by mistake. */
export function dispatchMessage(message: string, listener: Pick<EndListener, 'ended' | 'rekeyed'>): void {
  const [kind, first = '', ...rest] = message.split(' ');
  if (kind === 'ended') listener.ended(rest, REASONS.has(first) ? (first as WatchedEndReason) : 'unknown');
  else if (kind === 'rekeyed' && rest.length === 1) listener.rekeyed(first, rest[0]!);
}
