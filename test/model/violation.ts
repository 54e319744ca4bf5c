import { isDeepStrictEqual } from 'node:util';

/** What happened is not what the model promises. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** Returns what is wrong, if anything. */
export function difference(what: string, got: unknown, promised: unknown): string | null {
  if (isDeepStrictEqual(got, promised)) return null;
  return `${what}: got ${JSON.stringify(got)}, promised ${JSON.stringify(promised)}`;
}
