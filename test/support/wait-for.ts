/**
 * Asks `probe` again and again until it returns a value other than `undefined`, `null` or `false`.
 *
 * @throws When it returned none for `timeout` milliseconds (default 10,000), with the probe's last error as cause.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  timeout = 10_000,
): Promise<Exclude<T, undefined | null | false>> {
  const start = performance.now();
  const deadline = start + timeout;
  let cause: unknown;
  while (performance.now() < deadline) {
    try {
      const value = await probe();
      if (value !== undefined && value !== null && value !== false) {
        return value as Exclude<T, undefined | null | false>;
      }
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    // Less often when it takes long, or the probes would take the processor that others need.
    const pause = Math.min(5 + (performance.now() - start) / 100, 25);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  throw new Error(`Waited ${timeout} ms in vain for ${what}.`, { cause });
}
