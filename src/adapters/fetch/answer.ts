import { expected } from '../../internal/validate.ts';
import { AbsentHead } from '../absent-head.ts';
import { FetchHead } from './head.ts';

/** How a handler ended: what the session is committed to, and what becomes of it then. */
export interface Answer<R> {
  readonly head: FetchHead | AbsentHead;
  /** Hands the answer out as the handler did: returns it, or throws it. */
  deliver(): R | Response;
}

/** Takes what a handler returned. No response, or one that only switches protocols, has no head to write into. */
export function returned<R extends Response | undefined>(response: R): Answer<R> {
  if (response === undefined || response === null || response.status < 200) {
    return { head: new AbsentHead(101), deliver: () => response };
  }
  if (typeof response.status !== 'number') throw expected('response', 'the Response that a handler returns', response);
  const head = new FetchHead(response);
  return { head, deliver: () => head.response };
}

/**
 * Takes what a handler threw. Many frameworks answer by throwing: a `Response`, Next's and SvelteKit's redirects,
 * an error with a response of its own. These get the session's headers. An error of which the framework makes
 * the response later gets none: then only a session that the client has can be stored.
 */
export function thrown(value: unknown): Answer<never> {
  const rethrow = (replaced: unknown = value): never => {
    throw replaced;
  };
  if (value instanceof Response) {
    const head = new FetchHead(value);
    return { head, deliver: () => rethrow(head.response) };
  }
  const control = controlFlowResponse(value);
  if (control !== null) {
    const head = new FetchHead(control);
    return { head, deliver: () => (head.response === control ? rethrow() : head.response) };
  }
  const own = ownResponse(value);
  if (own !== null) {
    const head = new FetchHead(own);
    return { head, deliver: () => rethrow(head.response === own ? value : withResponse(value as object, head)) };
  }
  return { head: new AbsentHead(statusOf(value)), deliver: () => rethrow() };
}

/** Returns whether a handler threw something that is no failure, and that no error handler is to see. */
export function isControlFlow(value: unknown): boolean {
  return value instanceof Response || controlFlowResponse(value) !== null;
}

/** Returns the status of the response that the framework is going to make of what a handler threw. */
export function statusOfThrown(value: unknown): number {
  return controlFlowResponse(value)?.status ?? statusOf(value);
}

/** Returns the response that the framework would make of a redirect or an error page that was thrown. */
function controlFlowResponse(value: unknown): Response | null {
  const { digest, status, location } = asRecord(value);
  if (typeof digest === 'string') {
    const [kind, ...rest] = digest.split(';');
    if (kind === 'NEXT_REDIRECT') return redirect(Number(rest.at(-2)), rest.slice(1, -2).join(';'));
    if (kind === 'NEXT_HTTP_ERROR_FALLBACK') return attempt(() => new Response(null, { status: Number(rest[0]) }));
    return null;
  }
  return typeof status === 'number' && typeof location === 'string' ? redirect(status, location) : null;
}

function redirect(status: number, location: string): Response | null {
  return status >= 300 && status < 400 ? attempt(() => new Response(null, { status, headers: { location } })) : null;
}

/** Returns `null` where a response cannot be made: what was thrown is thrown on, and the session is committed all the same. */
function attempt<T>(make: () => T): T | null {
  try {
    return make();
  } catch {
    return null;
  }
}

function ownResponse(value: unknown): Response | null {
  const { getResponse } = asRecord(value);
  if (typeof getResponse !== 'function') return null;
  const response: unknown = attempt(() => Reflect.apply(getResponse, value, []) as unknown);
  return response instanceof Response && response.status < 500 ? response : null;
}

/** Returns the same error with another response. The error itself may be a constant, so it is not changed. */
function withResponse(error: object, head: FetchHead): unknown {
  return Object.create(error, { getResponse: { value: () => head.response } });
}

function statusOf(value: unknown): number {
  const { status, statusCode, init } = asRecord(value);
  const code = status ?? statusCode ?? asRecord(init)['status'];
  return typeof code === 'number' && code >= 200 ? code : 500;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
