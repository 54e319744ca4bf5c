/** A callback of Node's kind. Its parameters are optional, because stores differ in what they pass. */
export type Callback<T = void> = (error?: unknown, value?: T) => void;

/**
 * Calls back when a promise is settled, outside of the promise: what a callback throws is an uncaught exception, as in
 * express-session.
 */
export function callBack<T>(promise: Promise<T>, callback: Callback<T>): void {
  promise.then(
    (value) => process.nextTick(callback, null, value),
    (error: unknown) => process.nextTick(callback, error),
  );
}

/** Calls back if there is a callback, and returns the promise otherwise. If it is not waited for, a rejection is no crash. */
export function settle<T, Result>(promise: Promise<T>, callback: Callback<T> | undefined, result: Result): Result {
  if (callback === undefined) {
    promise.catch(() => {});
    return promise as Result;
  }
  callBack(promise, callback);
  return result;
}
