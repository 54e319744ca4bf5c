import type { MemoryHead } from '../support/visit.ts';
import type { Plan } from './plan.ts';
import { Violation } from './violation.ts';

/** How a client brings its session. */
export type Transport = 'cookie' | 'header';

/** What a response says to its client about the session. */
export type Answer =
  | { readonly does: 'set'; readonly value: string; readonly maxAge: number | null }
  | { readonly does: 'delete' | 'keep' };

const TOKEN_HEADER = 'x-session-token';
/** A token of another system, which a proxy adds to every request. */
const FOREIGN_TOKEN = `eyJhbGciOiJIUzI1NiJ9.e30.${'s'.repeat(43)}`;

/** Where both are possible, the second browser is one, and the other two are native clients. */
export function transportOf({ transport }: Plan, browser: number): Transport {
  return transport === 'both' ? (browser === 1 ? 'cookie' : 'header') : transport;
}

/** What the responses of a plan vary by. */
export function varyOf({ transport }: Plan): string {
  return { cookie: 'Cookie', header: 'Authorization', both: 'Authorization, Cookie' }[transport];
}

/**
 * Returns the headers that bring values of sessions. Where the other transport is possible, too, or was before, they have
 * what belongs to it, and must not count.
 * @param others cookies of other clients
 */
export function headersOf(
  plan: Plan,
  transport: Transport,
  values: readonly string[],
  others: readonly string[],
): { cookie: string | undefined; authorization: string | undefined } {
  const cookies = (transport === 'cookie' ? values : others).map((value) => `session=${value}`);
  const cookie = cookies.length === 0 ? undefined : cookies.join('; ');
  if (transport === 'cookie') {
    return { cookie, authorization: plan.transport === 'both' ? `Bearer ${FOREIGN_TOKEN}` : undefined };
  }
  return { cookie, authorization: `Bearer ${values[0] ?? ''}`.trim() };
}

/**
 * Reads a response.
 * @throws {Violation} when it uses another transport than its request
 */
export function answerOf(head: MemoryHead, transport: Transport): Answer {
  const token = head.get(TOKEN_HEADER);
  if (transport === 'header' ? head.cookies.length > 0 : token !== undefined) {
    throw new Violation(`C13: a request by ${transport} is answered by the other transport`);
  }
  if (transport === 'header') {
    if (token === undefined) return { does: 'keep' };
    return token === '' ? { does: 'delete' } : { does: 'set', value: token, maxAge: null };
  }
  const set = head.cookies.find((text) => !text.startsWith('session=;'));
  if (set === undefined) return { does: head.cookies.length > 0 ? 'delete' : 'keep' };
  const maxAge = /; Max-Age=(\d+)/.exec(set)?.[1];
  const value = set.slice('session='.length, set.indexOf(';'));
  return { does: 'set', value, maxAge: maxAge === undefined ? null : Number(maxAge) };
}
