import type { AsyncResource } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { onceClosed } from './closed.ts';

/**
 * Calls of a response that came to nothing. Their callbacks run when the error's response has left:
 * `stream.pipeline`, for one, would destroy it. One listener serves all of them: Node warns about many.
 */
export class FailedCalls {
  readonly #res: ServerResponse;
  #callbacks: (() => void)[] | null = null;

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  /** Returns whether the call has a callback. */
  add(args: readonly unknown[], error: unknown, context?: AsyncResource): boolean {
    const callback = args.at(-1);
    if (typeof callback !== 'function') return false;
    this.#failCallback(callback as (error: unknown) => void, error, context);
    return true;
  }

  #failCallback(callback: (error: unknown) => void, error: unknown, context: AsyncResource | undefined): void {
    const run = (): void => {
      if (context === undefined) callback(error);
      else context.runInAsyncScope(callback, null, error);
    };
    if (this.#callbacks !== null) {
      this.#callbacks.push(run);
      return;
    }
    this.#callbacks = [run];
    onceClosed(this.#res, () => {
      for (const each of this.#callbacks!) process.nextTick(each);
      this.#callbacks = null;
    });
  }
}
