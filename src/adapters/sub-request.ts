/** On a request that the application sends to itself. No request that came over the network can have it. */
const SUB_REQUEST: unique symbol = Symbol.for('websauna-session.sub-request');

type MarkedRequest = Request & { [SUB_REQUEST]?: true };

/**
 * Marks a request that the application hands to itself while it handles another one, so that it shares the session of that
 * one. Where the framework does not tell such a request from a visitor's, only the application can. A copy of the
 * request is not marked.
 *
 * @example
 * ```ts
 * const response = await app.handle(markSubRequest(new Request('http://localhost/cart')));
 * ```
 * @returns the same request
 */
export function markSubRequest<R extends Request>(request: R): R {
  (request as MarkedRequest)[SUB_REQUEST] = true;
  return request;
}

export function isMarkedSubRequest(request: Request): boolean {
  return (request as MarkedRequest)[SUB_REQUEST] === true;
}
