import type { Clock } from '../connection/timeout-queue.ts';

/** Milliseconds before a command is tried again: at first, and at most. */
const FIRST_WAIT = 5;
const LONGEST_WAIT = 80;

/**
 * Does a cluster refuse a command because its slot is on its way to another node? Keys of one slot are
 * then in two places, for milliseconds as a rule, and nothing was changed:
 * - TRYAGAIN: some of the keys are here and some are not;
 * - ASK, MOVED: the client was sent to and fro until it had enough;
 * - a script met a key that is not here;
 * - node-redis was sent to a node that has no slot yet, and so does not know it.
 */
function isSlotMigrating(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(?:TRYAGAIN|ASK|MOVED)\b|^ERR .*attempted to access a non local key|^Cannot find node /.test(error.message)
  );
}

/** What client libraries say when they have followed redirections as often as they may. */
const GIVEN_UP = /^Too many Cluster redirections/;

/** The server's last words, of which ioredis makes a part of its message, and node-redis the cause. */
function lastRedirectError(error: unknown): unknown {
  if (!(error instanceof Error) || !GIVEN_UP.test(error.message)) return error;
  if (error.cause !== undefined) return error.cause;
  const words = /(?<=Last error: ReplyError: ).*/s.exec(error.message)?.[0];
  return words === undefined ? error : new Error(words, { cause: error });
}

/**
 * Runs a command again while its slot is on the move, and until `end`, a time of the clock. A run that may
 * last longer is not begun: ioredis tries again by itself for a second or so, and cannot be told to stop.
 * The command would meet its deadline then, which speaks against a server that has answered all the time.
 */
export async function retryOnSlotMigration<T>(run: () => Promise<T>, end: number, clock: Clock): Promise<T> {
  for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    const begun = clock.now();
    try {
      return await run();
    } catch (failure) {
      const error = lastRedirectError(failure);
      const now = clock.now();
      if (!isSlotMigrating(error) || now + wait + (now - begun) >= end) throw error;
    }
    await new Promise<void>((resolve) => clock.after(wait, resolve));
  }
}
