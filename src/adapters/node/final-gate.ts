import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ResponseHead } from '../../exchange.ts';
import { applyHeaders, HeaderMapHead, NodeHead } from './head.ts';

/** Checks the head of a response when it is serialised. */
export interface FinalCheck {
  finalize(head: ResponseHead): void;
}

/** On a response that sets the session's cookie, and on the stream of an HTTP/2 one: its checks. */
const GATE: unique symbol = Symbol('websauna-session.gate');

type AnyMethod = (...args: unknown[]) => unknown;
type RawHeaders = OutgoingHttpHeaders | OutgoingHttpHeader[];

interface Gate {
  readonly checks: FinalCheck[];
  /** Serialises the head: `_storeHeader` of HTTP/1, `respond` of an HTTP/2 stream. */
  readonly serialize: AnyMethod;
}

interface Serializer {
  [GATE]?: Gate;
  _storeHeader?: AnyMethod;
  respond?: AnyMethod;
}

type GatedResponse = ServerResponse & Serializer & { readonly stream?: Serializer };

/**
 * Runs checks where Node serialises the head. Middleware in front of the sessions, such as `on-headers`, has
 * taken `writeHead` first: what it writes there comes after the commit, and is seen nowhere else.
 */
export function addFinalChecks(res: ServerResponse, checks: readonly FinalCheck[]): void {
  const { stream } = res as GatedResponse;
  const target: Serializer = stream ?? (res as GatedResponse);
  const known = target[GATE];
  if (known !== undefined) {
    for (const check of checks) if (!known.checks.includes(check)) known.checks.push(check);
    return;
  }
  const serialize = stream === undefined ? target._storeHeader : target.respond;
  // A runtime that serialises in another way leaves the writers in front unchecked.
  if (serialize === undefined) return;
  target[GATE] = { checks: [...checks], serialize };
  if (stream === undefined) target._storeHeader = storeCheckedHeader as AnyMethod;
  else target.respond = respondChecked as AnyMethod;
}

function storeCheckedHeader(this: GatedResponse, firstLine: string, headers: RawHeaders | null | undefined): unknown {
  const { checks, serialize } = this[GATE]!;
  // Headers that were given to `writeHead` alone are not the response's own yet.
  const given = headers != null && this.getHeaderNames().length === 0;
  if (given) applyHeaders(this, headers);
  const head = new NodeHead(this);
  for (const check of checks) check.finalize(head);
  return Reflect.apply(serialize, this, [firstLine, given ? this.getHeaders() : headers]);
}

function respondChecked(this: Serializer, headers: RawHeaders | undefined, ...rest: unknown[]): unknown {
  const { checks, serialize } = this[GATE]!;
  const head = new HeaderMapHead(headers);
  for (const check of checks) check.finalize(head);
  return Reflect.apply(serialize, this, [head.headers, ...rest]);
}
