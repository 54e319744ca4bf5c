/** The events by which clients, pools and clusters of node-redis report the loss of a connection. */
const DISCONNECT_EVENTS = ['error', 'node-error', 'client-error'];

interface Emitter {
  on(event: string, listener: (error: unknown) => void): unknown;
}

/** Returns whether a client, pool, cluster or sentinel is of node-redis 5: version 6 has a property more. */
export function isNodeRedis5(client: object): boolean {
  return !('_keyPrefix' in client) && 'on' in client;
}

/**
 * Aborts the commands that node-redis 5 has not written yet when it loses a connection; does nothing to
 * other clients. node-redis 5 would write them to the dead socket, take the replies to the next
 * connection's handshake for theirs, and then wait for ever for the handshake's. Version 6 does not write to
 * a dead socket.
 *
 * @param renew - Takes the signal that commands are to be sent with from now on.
 */
export function abortQueuedOnDisconnect(client: object, renew: (signal: DisconnectSignal) => void): void {
  if (!isNodeRedis5(client)) return;
  let signal = new DisconnectSignal();
  renew(signal);
  const disconnected = (error: unknown): void => {
    if (signal.aborted || isFailedAttempt(error)) return;
    signal.abort();
    // Accept no command until the client has passed the moment in which it writes.
    setImmediate(() => {
      signal = new DisconnectSignal();
      renew(signal);
    });
  };
  for (const event of DISCONNECT_EVENTS) (client as Emitter).on(event, disconnected);
}

/**
 * Returns whether an error is that of an attempt to connect, over which nothing was sent. A cluster reports those to
 * a node that is down again and again, and they must not fail what is sent to others.
 */
function isFailedAttempt(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'connect';
}

/**
 * The part of an `AbortSignal` that node-redis uses. Calls back in reverse order: node-redis 5 keeps commands
 * in a list that loses its end when its head and then its only other element are removed, and would never
 * write again. A cluster reports the loss of any of its connections, and the others are not reset by it.
 */
export class DisconnectSignal {
  aborted = false;
  readonly #listeners = new Set<() => void>();

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  abort(): void {
    this.aborted = true;
    for (const listener of [...this.#listeners].toReversed()) listener();
    this.#listeners.clear();
  }
}
