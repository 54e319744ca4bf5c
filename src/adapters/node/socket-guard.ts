import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { onceClosed } from './closed.ts';

/** In a socket that has had a complete response waiting for its commit. */
const GUARD: unique symbol = Symbol('websauna-session.guard');

interface Guard {
  /** The complete response that waits. */
  response: ServerResponse | null;
  readonly destroy: Socket['destroy'];
}

type GuardedSocket = Socket & { [GUARD]?: Guard };
type AnyResponse = ServerResponse & { readonly req?: IncomingMessage; readonly stream?: unknown };

/** After this time a response that still waits cannot hold its connection any longer. */
const MAX_DELAY_MS = 5000;

/**
 * Keeps the connection of a complete response that waits for its commit. A handler may throw after it has answered:
 * Express sees that the headers are sent, and destroys the socket. Without a session the response would have
 * left by then. The method stays on the socket, because to delete a property makes an object slow.
 */
export function holdSocket(res: AnyResponse): void {
  const socket = res.req?.socket as GuardedSocket | undefined;
  if (socket === undefined || res.stream !== undefined) return;
  const known = socket[GUARD];
  if (known !== undefined) {
    known.response = res;
    return;
  }
  // oxlint-disable-next-line typescript/unbound-method -- called with its socket below
  socket[GUARD] = { response: res, destroy: socket.destroy };
  socket.destroy = destroyWhenSent;
}

export function releaseSocket(res: AnyResponse): void {
  const guard = (res.req?.socket as GuardedSocket | undefined)?.[GUARD];
  if (guard?.response === res) guard.response = null;
}

function destroyWhenSent(this: GuardedSocket, error?: Error): GuardedSocket {
  const guard = this[GUARD]!;
  const { response } = guard;
  // A connection that is broken, or that the client has closed, is not to be kept.
  if (response === null || error !== undefined || this.readableEnded) return guard.destroy.call(this, error);
  // A second call is not delayed.
  guard.response = null;
  const timer = setTimeout(() => this.destroy(), MAX_DELAY_MS).unref();
  onceClosed(response, () => {
    clearTimeout(timer);
    this.destroy();
  });
  return this;
}
