/** Makes the error of a listener an uncaught exception, as `node:diagnostics_channel` does: its caller goes on. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** Calls each listener, even if others throw. */
export function callEach<Listener>(listeners: Iterable<Listener>, call: (listener: Listener) => void): void {
  for (const listener of listeners) {
    try {
      call(listener);
    } catch (error) {
      throwLater(error);
    }
  }
}
