// Puts the global `Request` and `Response` back when the tests of a file are over: Hono's server for Node replaces them with
// its own, which other frameworks do not expect.
import { afterAll } from 'vitest';

const before = ['Request', 'Response'].map(
  (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)!] as const,
);

afterAll(() => {
  for (const [name, descriptor] of before) Object.defineProperty(globalThis, name, descriptor);
});
