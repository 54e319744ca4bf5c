/**
 * Copies a response, so that headers can be added. Its body moves: a constant response that has one can be
 * sent once, with or without sessions, and is to be returned as `page.clone()`.
 */
export function copyResponse(response: Response): Response {
  const body = unreadBody(response);
  if (body === undefined) return new Response(response.body, response);
  return new Response(body, { status: response.status, headers: new Headers(response.headers) });
}

/**
 * Returns the body of a response of `@hono/node-server` that has not become a stream. The server keeps status,
 * body and headers of such a response under a symbol of its own, and sends them without a stream: twice as fast.
 */
export function unreadBody(response: Response): string | Uint8Array<ArrayBuffer> | null | undefined {
  const symbol = Object.getOwnPropertySymbols(response).find(({ description }) => description === 'cache');
  if (symbol === undefined) return undefined;
  const cache = (response as unknown as Record<symbol, unknown>)[symbol];
  if (!Array.isArray(cache) || cache.length !== 3) return undefined;
  const body: unknown = cache[1];
  if (body === null || typeof body === 'string') return body;
  return body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : undefined;
}
