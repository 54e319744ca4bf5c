import type { ServerResponse } from 'node:http';

/** What commits after the head has left. */
interface LateCommit {
  /** Returns `undefined` when there is nothing to wait for. */
  commitLate(): Promise<void> | undefined;
  failLate(error: unknown): void;
}

/**
 * Makes the end of a response wait for changes of its session that came after its head, as express-session does. The
 * first call of a response commits before its head; see `SessionExchange.commit`.
 */
export function commitBeforeEnd(res: Partial<ServerResponse>, late: LateCommit): void {
  const { end } = res;
  // An upgrade's response has none.
  if (typeof end !== 'function') return;
  let isWaiting = false;
  res.end = function endAfterCommit(this: ServerResponse, ...args: unknown[]): ServerResponse {
    if (isWaiting) return this;
    const committing = late.commitLate();
    if (committing === undefined) return Reflect.apply(end, this, args) as ServerResponse;
    isWaiting = true;
    committing.then(
      () => Reflect.apply(end, this, args) as unknown,
      (error: unknown) => late.failLate(error),
    );
    return this;
  };
}
