/** Makes the error of a listener an uncaught exception, as `node:diagnostics_channel` does: its caller goes on. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
