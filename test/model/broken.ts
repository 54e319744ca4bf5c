import { isDeepStrictEqual } from 'node:util';

/** What happened is not what was promised. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** Says what is wrong, if anything. */
export function difference(what: string, got: unknown, promised: unknown): string | null {
  if (isDeepStrictEqual(got, promised)) return null;
  return `${what}: got ${JSON.stringify(got)}, promised ${JSON.stringify(promised)}`;
}
