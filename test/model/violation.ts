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

/**
 * Returns what is wrong with how a session is said to have ended, if anything.
 * @param tolerance seconds
 */
export function endDifference(
  what: string,
  { endedBefore: got }: { readonly endedBefore: { readonly reason: string; readonly at: Date } | null },
  { endedBefore: promised }: { readonly endedBefore: { readonly reason: string; readonly at: number } | null },
  tolerance: number,
): string | null {
  const isNear = Math.abs((got?.at.getTime() ?? 0) - (promised?.at ?? 0)) <= tolerance * 1000;
  if (got?.reason === promised?.reason && isNear) return null;
  return `${what}, how its session has ended: got ${JSON.stringify(got)}, promised ${JSON.stringify(promised)}`;
}
