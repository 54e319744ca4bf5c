import type { Context } from 'hono';
import type { FinalCheck } from '../node/final-gate.ts';
import { FetchHead } from '../fetch/head.ts';

/** In a context whose response sets the session's cookie: its checks. */
const CHECKS: unique symbol = Symbol('websauna-session.checks');

type CheckedContext = Context & { [CHECKS]?: FinalCheck[] };

/**
 * Checks the response whenever it is read. Hono itself reads it last, when all middleware has returned: after
 * that, only what wraps `app.fetch` can change a header.
 */
export function checkWhenRead(c: CheckedContext, check: FinalCheck): void {
  const known = c[CHECKS];
  if (known !== undefined) {
    known.push(check);
    return;
  }
  c[CHECKS] = [check];
  Object.defineProperty(c, 'res', CHECKED_RESPONSE);
}

const CHECKED_RESPONSE: PropertyDescriptor = {
  configurable: true,
  get(this: CheckedContext): Response {
    const prototype = Object.getPrototypeOf(this) as object;
    const response = Reflect.get(prototype, 'res', this) as Response;
    const head = new FetchHead(response);
    for (const check of this[CHECKS]!) check.finalize(head);
    if (head.response !== response) replaceResponse(this, head.response);
    return head.response;
  },
  set(this: CheckedContext, response: Response | undefined) {
    Reflect.set(Object.getPrototypeOf(this) as object, 'res', response, this);
  },
};

/** Replaces the response of a context. Hono would copy the old one's headers, so that is removed first. */
export function replaceResponse(c: Context, response: Response): void {
  c.res = undefined;
  c.res = response;
}
