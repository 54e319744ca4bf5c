import type { IncomingMessage } from 'node:http';
import type { SessionFactory } from '../factory.ts';
// From the package's root, so that an augmentation of `SessionData` finds it behind an adapter alone.
import type { DefaultData, WebsaunaSession } from '../index.ts';
import { assertFactory } from './resolve-factory.ts';
import {
  HandshakeExchange,
  normalizeGate,
  openHandshake,
  type SocketRefusal,
  type SocketSessionOptions,
} from './sockets/handshake.ts';

export type { SocketSessionOptions } from './sockets/handshake.ts';

/** What `socket.data` has: `new Server<Listen, Emit, ServerSide, SocketData>()` knows its type. */
export interface SocketData<S = WebsaunaSession> {
  /** The session of the handshake. */
  session: S;
}

/** The members that are used of a socket of Socket.IO 4. */
export interface SocketLike {
  readonly request: IncomingMessage;
  /** Where the session is put. */
  data: { session?: unknown };
  readonly conn: { once(event: 'close', listener: () => void): unknown; close(discard?: boolean): unknown };
  once(event: 'disconnect', listener: () => void): unknown;
  disconnect(close?: boolean): unknown;
}

const MESSAGES: Readonly<Record<SocketRefusal, string>> = {
  origin: 'The page is not of this site',
  session: 'A session is required',
};

/**
 * Returns middleware for Socket.IO that opens the session of each handshake into `socket.data.session`, refuses sockets
 * without one, and disconnects a socket when its session ends, in any process. A refused client gets `connect_error`
 * with `data: { code: 'ERR_SESSION_REQUIRED' }`, or `'ERR_SESSION_ORIGIN'` for a page of another origin.
 *
 * @example
 * ```ts
 * const io = new Server(server);
 * io.use(socketSessions(factory));
 * io.on('connection', (socket) => socket.emit('hello', socket.data.session.owner));
 * ```
 * @throws {TypeError} for something else than a factory, and unknown options
 */
export function socketSessions<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
>(
  factory: SessionFactory<Data, S>,
  options: SocketSessionOptions<S> = {},
): (socket: SocketLike, next: (error?: Error) => void) => void {
  assertFactory(factory);
  const gate = normalizeGate(options);
  const open = async (socket: SocketLike): Promise<Error | undefined> => {
    const onClose = (callback: () => void): void => {
      socket.once('disconnect', callback);
      // A socket that another middleware refuses is never connected.
      socket.conn.once('close', callback);
    };
    const exchange = new HandshakeExchange(socket.request, factory.trustedHops, onClose);
    const session = await openHandshake(factory, exchange, gate);
    if (typeof session === 'string') return refusal(session);
    socket.data.session = session;
    if (session.createdAt !== null) session.onEnd(() => disconnect(socket));
    return undefined;
  };
  return (socket, next) => void open(socket).then(next, (error: unknown) => next(failure(error)));
}

/** Disconnects also what is not connected yet, because middleware is still at work. */
function disconnect(socket: SocketLike): void {
  socket.disconnect(true);
  socket.conn.close();
}

function refusal(reason: SocketRefusal): Error {
  const code = reason === 'origin' ? 'ERR_SESSION_ORIGIN' : 'ERR_SESSION_REQUIRED';
  return Object.assign(new Error(MESSAGES[reason]), { data: { code } });
}

/** Socket.IO sends message and data of an error to the client. */
function failure(cause: unknown): Error {
  const { code } = (cause ?? {}) as { code?: unknown };
  const isOurs = typeof code === 'string' && code.startsWith('ERR_SESSION_');
  return Object.assign(new Error('The session cannot be opened', { cause }), {
    data: { code: isOurs ? code : 'ERR_SESSION' },
  });
}
