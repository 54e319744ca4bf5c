import type { Epoch } from '../engine/epoch.ts';
import type { SessionState } from '../engine/state.ts';
import { hasWatcher, watchesOf, type EndCallback } from '../engine/watch.ts';
import { SessionError, type WatchedEndReason } from '../errors.ts';

interface EndSignal {
  readonly signal: AbortSignal;
  readonly handle: string;
}

/** By the session of a request, so that requests that ask for none pay nothing. */
const signals = new WeakMap<Epoch, EndSignal>();

/** Returns a signal that is aborted when the session of a request has ended, in any process. */
export function endSignal(state: SessionState): AbortSignal {
  const { epoch } = state;
  const known = signals.get(epoch);
  const handle = epoch.handle ?? '';
  // After a login of this request, its session is another.
  if (known !== undefined && (known.handle === handle || !known.signal.aborted)) return known.signal;
  const controller = new AbortController();
  watchEnd(state, (reason) => controller.abort(endedError(reason)));
  const { signal } = controller;
  if (state.phase !== 'lost') signals.set(epoch, { signal, handle });
  return signal;
}

/**
 * Calls back once, when the session has ended, in any process. Stops when the response or the socket of the request
 * is closed, or by the function that is returned.
 */
export function watchEnd(state: SessionState, onEnd: EndCallback): () => void {
  const { context, epoch, exchange } = state;
  if (state.phase === 'lost') {
    onEnd(state.lossReason === 'gone' ? 'unknown' : 'superseded');
    return () => {};
  }
  if (epoch.record === null) {
    throw new TypeError(
      'Expected the session to be stored before its end is watched, got one that is not: call `await session.save()` first, and check `session.createdAt !== null` where there may be no session',
    );
  }
  const { key } = epoch.record;
  // Where the record comes from, so that it is known already.
  const store = state.store.connect();
  if (store instanceof Promise || !hasWatcher(store)) {
    throw new SessionError(
      'ERR_SESSION_UNSUPPORTED',
      'The store cannot report the ends of sessions: it has no `watchEnds` and `checkRecords`',
    );
  }
  const stop = watchesOf(context, store).add(key, exchange.request, onEnd);
  stopWithRequest(state, stop);
  return stop;
}

/** Stops when nothing is left that the end of the session could concern. */
function stopWithRequest({ exchange }: SessionState, stop: () => void): void {
  if (exchange.onClose !== undefined) {
    exchange.onClose(stop);
    return;
  }
  const { signal } = (exchange.request ?? {}) as { signal?: unknown };
  if (signal instanceof AbortSignal) signal.addEventListener('abort', stop, { once: true });
}

function endedError(reason: WatchedEndReason): SessionError {
  return new SessionError('ERR_SESSION_ENDED', `The session has ended: ${MEANING[reason]}`, { reason });
}

const MEANING: Readonly<Record<WatchedEndReason, string>> = {
  logout: 'it was logged out',
  revoked: 'it was revoked',
  evicted: 'it made room for another one',
  expired: 'it has expired',
  'authentication-changed': 'the authentication of its owner has changed',
  'id-reuse': 'an id of it was used that had been replaced',
  superseded: 'its client goes on with the session of a login',
  unknown: 'it is not stored any longer',
};
