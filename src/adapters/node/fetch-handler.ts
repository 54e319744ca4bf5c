import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A request of `node:http` with its session, and what middleware has made of it. */
export type SessionIncomingMessage<S> = IncomingMessage & {
  readonly session?: S | undefined;
  readonly originalUrl?: string | undefined;
  readonly body?: unknown;
};

/** Stands for the address of a request without a usable one. */
const NO_HOST = 'http://localhost';

/** Methods that a `Request` can have (Fetch Standard, section 2.2.1). */
const METHOD = /^(?!(?:connect|trace|track)$)[!#$%&'*+.^`|~\w-]+$/i;

/** Errors of a response whose client has gone. */
const CLIENT_GONE: ReadonlySet<unknown> = new Set([
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_UNABLE_TO_PIPE',
]);

/**
 * Returns the Fetch form of a request of `node:http`, for frameworks on it whose handlers return a `Response`. One by a
 * method that a `Request` cannot have, such as TRACE, becomes OPTIONS.
 *
 * @example
 * ```ts
 * app.all('/hello', (request) => hello(nodeRequest(request.raw, request.body), request.session));
 * ```
 * @param body what the framework has made of a form or of JSON, where it has read it
 */
export function nodeRequest(
  req: IncomingMessage & { readonly originalUrl?: string | undefined },
  body?: unknown,
): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(req.headers)) {
    if (name.startsWith(':') || value === undefined) continue;
    for (const each of [value].flat()) headers.append(name, each);
  }
  const { method = 'GET' } = req;
  const url = urlOf(req);
  if (!METHOD.test(method)) return new Request(url, { method: 'OPTIONS', headers });
  // HTTP/2 has methods in any case, and `Request` knows these two in any.
  if (/^(?:get|head)$/i.test(method)) return new Request(url, { method, headers });
  if (!req.readableEnded || (body === undefined && isAborted(req))) {
    return new Request(url, { method, headers, body: bodyOf(req), duplex: 'half' });
  }
  headers.delete('content-length');
  return new Request(url, { method, headers, body: encode(body, headers.get('content-type') ?? '') });
}

/** The path and the query are the request's own, and not part of its `Host`: guards in front have judged those. */
function urlOf(req: IncomingMessage & { readonly originalUrl?: string | undefined }): string {
  const path = req.originalUrl ?? req.url!;
  const scheme = 'encrypted' in req.socket && req.socket.encrypted === true ? 'https' : 'http';
  const host = req.headers.host ?? req.headers[':authority'];
  const base = `${scheme}://${typeof host === 'string' ? host : ''}`;
  const { origin } = new URL(URL.canParse(base) ? base : NO_HOST);
  if (path.startsWith('/')) return origin + path;
  if (!URL.canParse(path)) return NO_HOST;
  const url = new URL(path);
  // A `Request` refuses an address with credentials.
  url.username = url.password = '';
  return url.href;
}

/** Returns the body as it comes. Nothing is read ahead, so that Node drains what a handler does not ask for. */
function bodyOf(req: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = req[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        // Over HTTP/2, an upload that was aborted before ends as a complete one does.
        if (isAborted(req)) throw new Error('The client has aborted its request');
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => void req.resume(),
    },
    { highWaterMark: 0 },
  );
}

function isAborted(req: IncomingMessage): boolean {
  return req.aborted || (req.destroyed && !req.complete);
}

/** Returns again what middleware has parsed: JSON, or a form. */
function encode(body: unknown, type: string): string | Uint8Array<ArrayBuffer> {
  if (body === undefined) return '';
  if (body instanceof Uint8Array) return new Uint8Array(body);
  if (typeof body === 'string') return body;
  if (/^[^;]*[/+]json\b/i.test(type)) return JSON.stringify(body);
  if (typeof body !== 'object' || body === null) return '';
  const form = new URLSearchParams();
  for (const [name, values] of Object.entries(body)) {
    for (const value of [values].flat()) if (typeof value === 'string') form.append(name, value);
  }
  return form.toString();
}

/** A listener for `node:http`, and middleware of Express, for requests that have their session in `req.session`. */
export type NodeHandler<S> = (
  req: SessionIncomingMessage<S>,
  res: ServerResponse,
  next?: (error?: unknown) => void,
) => Promise<void>;

/**
 * Returns a handler for `node:http` and Express that runs a Fetch handler with the session of the request, which middleware
 * in front has put into `req.session`. Errors go to `next`, where there is one.
 *
 * @example
 * ```ts
 * app.use(sessions(factory));
 * app.use('/hello', nodeHandler(async (_request, session) => new Response(`Hello ${session.owner}`)));
 * ```
 */
export function nodeHandler<S>(fetch: (request: Request, session: S) => Response | Promise<Response>): NodeHandler<S> {
  return async (req, res, next) => {
    const fail = (error: unknown): void => {
      if (next === undefined) throw error;
      next(error);
    };
    let response: Response;
    try {
      const { session } = req;
      if (session === undefined) {
        throw new TypeError(
          'Expected `req.session` to be the session of the request, got undefined. Mount `sessions(factory)` in front',
        );
      }
      response = await fetch(nodeRequest(req, req.body), session);
    } catch (error) {
      // A client that has gone waits for no answer.
      if (next !== undefined || !isAborted(req)) fail(error);
      return;
    }
    await send(response, req, res).catch(fail);
  };
}

async function send(response: Response, req: IncomingMessage, res: ServerResponse): Promise<void> {
  res.statusCode = response.status;
  for (const [name, value] of response.headers) {
    if (name === 'set-cookie') res.appendHeader(name, value);
    else res.setHeader(name, value);
  }
  if (response.body === null || req.method === 'HEAD') {
    await response.body?.cancel();
    res.end();
    return;
  }
  const body = Readable.fromWeb(response.body);
  let isClientGone = false;
  // The pipeline closes the connection, after which every request looks aborted.
  body.once('error', () => (isClientGone = isAborted(req)));
  try {
    await pipeline(body, res);
  } catch (error) {
    if (!isClientGone && !CLIENT_GONE.has((error as { code?: unknown }).code)) throw error;
  }
}
