import { afterAll, beforeAll } from 'vitest';

/**
 * Puts the global `Request` and `Response` back when the tests of a file are over: Hono's server for Node replaces them
 * with its own, which other frameworks do not expect.
 */
export function restoreFetchClasses(): void {
  const before = new Map<string, PropertyDescriptor>();
  beforeAll(() => {
    for (const name of ['Request', 'Response']) before.set(name, Object.getOwnPropertyDescriptor(globalThis, name)!);
  });
  afterAll(() => {
    for (const [name, descriptor] of before) Object.defineProperty(globalThis, name, descriptor);
  });
}
