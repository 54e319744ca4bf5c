import type { Clock } from '../connection/timeout-queue.ts';

/** Milliseconds before a command is run again: at first, and at most. */
const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 80;
/** Milliseconds before the end at which a run is abandoned: enough to come before the timeout of the command. */
const MARGIN_MS = 5;

/**
 * What a script is refused with when it meets a key that is on another node: in Redis 7.0, in Redis 7.4 and newer, and
 * in Valkey.
 */
const KEY_IS_ELSEWHERE =
  /^ERR .*(?:attempted to access a non local key|undeclared keys were accessed during rehashing)/i;

/**
 * Returns whether a cluster refuses a command because its slot is moving to another node. Keys of one slot are
 * then in two places, for milliseconds as a rule, and nothing was changed:
 * - TRYAGAIN: only some of the keys are on this node;
 * - ASK, MOVED: the client was redirected until it gave up;
 * - a script met a key that is on the other node;
 * - node-redis was sent to a node that has no slot yet, and so does not know it.
 */
function isSlotMigrating(error: unknown): boolean {
  return (
    error instanceof Error &&
    (/^(?:TRYAGAIN|ASK|MOVED)\b|^Cannot find node /.test(error.message) || KEY_IS_ELSEWHERE.test(error.message))
  );
}

/** The message of client libraries that have followed as many redirections as they may. */
const REDIRECT_LIMIT = /^Too many Cluster redirections/;

/** Returns the server's last error, which ioredis makes a part of its message, and node-redis the cause. */
function lastRedirectError(error: unknown): unknown {
  if (!(error instanceof Error) || !REDIRECT_LIMIT.test(error.message)) return error;
  if (error.cause !== undefined) return error.cause;
  const message = /(?<=Last error: ReplyError: ).*/s.exec(error.message)?.[0];
  return message === undefined ? error : new Error(message, { cause: error });
}

/**
 * Runs a command again while its slot moves, and until `end`, a time of the clock. Does not start a run that may
 * last longer: ioredis retries by itself for a second or so, and has no way to stop it. A run that does last longer
 * than the one before it is abandoned shortly before the end, with the server's last refusal as its error: a timeout
 * would count against a server that has answered all the time.
 */
export async function retryOnSlotMigration<T>(run: () => Promise<T>, end: number, clock: Clock): Promise<T> {
  let refusal: unknown;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    const start = clock.now();
    try {
      const running = run();
      return await (refusal === undefined ? running : rejectAfter(running, end - MARGIN_MS - start, refusal, clock));
    } catch (failure) {
      const error = lastRedirectError(failure);
      const now = clock.now();
      if (error === refusal || !isSlotMigrating(error) || now + wait + (now - start) >= end) throw error;
      refusal = error;
    }
    await new Promise<void>((resolve) => clock.after(wait, resolve));
    // A busy process may have waited for longer.
    if (clock.now() >= end - MARGIN_MS) throw refusal;
  }
}

/** Returns a promise that settles as `promise` does, or rejects with `error` after `ms`. */
function rejectAfter<T>(promise: Promise<T>, ms: number, error: unknown, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancelTimer = clock.after(ms, () => reject(error));
    promise.then(resolve, reject).finally(cancelTimer);
  });
}
