/** What node-redis' clients, pools, clusters and sentinels call the loss of a connection. */
const LOSSES = ['error', 'node-error', 'client-error'];

interface Emitter {
  on(event: string, listener: () => void): unknown;
}

/**
 * Recalls the commands that node-redis 5 has not written yet when it loses a connection. It would write
 * them to the dead socket, take the replies to the next connection's handshake for theirs, and then wait
 * for ever for the handshake's. Version 6 does not write to a dead socket.
 *
 * @param renew - Takes the signal that commands are to be sent with from now on.
 */
export function abortQueuedOnDisconnect(client: object, renew: (signal: Recall) => void): void {
  // The mark by which the versions differ.
  if ('_keyPrefix' in client || !('on' in client)) return;
  let recall = new Recall();
  renew(recall);
  const lost = (): void => {
    if (recall.aborted) return;
    recall.abort();
    // Until the client has passed the moment in which it writes, nothing more must be put in its way.
    setImmediate(() => {
      recall = new Recall();
      renew(recall);
    });
  };
  for (const event of LOSSES) (client as Emitter).on(event, lost);
}

/**
 * What node-redis uses of an `AbortSignal`. It calls back in reverse order: node-redis 5 keeps commands in a
 * list that loses its end when its head and then its only other element are removed, and would never write
 * again. A cluster tells of the loss of any of its connections, and the others do not begin anew.
 */
export class Recall {
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
