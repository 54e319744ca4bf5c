import type { IncomingMessage } from 'node:http';
import type { SessionFactory } from '../factory.ts';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { FetchExchange } from './fetch/exchange.ts';
import { assertFactory } from './resolve-factory.ts';
import { HandshakeExchange, normalizeGate, openHandshake, type SocketSessionOptions } from './sockets/handshake.ts';

export type { SocketSessionOptions } from './sockets/handshake.ts';

export interface UpgradeSessionOptions<S> extends SocketSessionOptions<S> {
  /** The address at the other end, for a Fetch `Request`, where the platform knows it. Default: unknown. */
  clientAddress?: string | null;
}

/** The request of a handshake: that of `server.on('upgrade')`, or the Fetch `Request` of Bun, Deno, Elysia and others. */
export type UpgradeRequest = IncomingMessage | Request;

/**
 * Opens the session of a WebSocket's handshake, before the socket is accepted. Returns `null` for one that is to be
 * refused: without a session as `require` wants it, or from a page of another origin.
 *
 * `session.signal` and `session.onEnd()` report the end of the session until the socket is closed. With a Fetch
 * `Request`, nothing says when that is: call what `onEnd` returns.
 *
 * @example
 * ```ts
 * server.on('upgrade', async (request, socket, head) => {
 *   const session = await upgradeSession(factory, request).catch(() => null);
 *   if (session === null) return socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
 *   sockets.handleUpgrade(request, socket, head, (webSocket) => {
 *     session.onEnd(() => webSocket.close(4401, 'The session has ended'));
 *   });
 * });
 * ```
 * @throws {TypeError} rejects for something else than a factory, and unknown options
 * @throws {SessionError} rejects when the store fails and `onStoreError` is `'fail'`
 */
export async function upgradeSession<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
>(
  factory: SessionFactory<Data, S>,
  request: UpgradeRequest,
  options: UpgradeSessionOptions<S> = {},
): Promise<S | null> {
  assertFactory(factory);
  const gate = normalizeGate(options, ['clientAddress']);
  const exchange = isFetch(request)
    ? new FetchHandshake(factory, request, options.clientAddress ?? null)
    : new HandshakeExchange(request, factory.trustedHops, (callback) => whenClosed(request, callback));
  const session = await openHandshake(factory, exchange, gate);
  return typeof session === 'string' ? null : session;
}

/** By its methods: frameworks have classes of their own. */
function isFetch(request: UpgradeRequest): request is Request {
  return typeof (request.headers as Partial<Headers>).get === 'function';
}

function whenClosed({ socket }: IncomingMessage, callback: () => void): void {
  if (socket.destroyed) process.nextTick(callback);
  else socket.once('close', callback);
}

/** Its request's own signal says nothing: platforms abort it when the request has become a socket. */
class FetchHandshake extends FetchExchange {
  onClose(): void {}
}
