/** Keeps uncaught exceptions from the test runner until `stop`, and returns them. */
export function collectUncaught(): { readonly errors: unknown[]; stop: () => void } {
  const errors: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  const collect = (error: unknown): void => void errors.push(error);
  process.removeAllListeners('uncaughtException').on('uncaughtException', collect);
  const stop = (): void => {
    process.off('uncaughtException', collect);
    for (const listener of listeners) process.on('uncaughtException', listener);
  };
  return { errors, stop };
}
