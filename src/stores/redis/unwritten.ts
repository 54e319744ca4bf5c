import { setMaxListeners } from 'node:events';

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
export function recallUnwritten(client: object, renew: (signal: AbortSignal) => void): void {
  // The mark by which the versions differ.
  if ('_keyPrefix' in client || !('on' in client)) return;
  let recall = controller();
  renew(recall.signal);
  const lost = (): void => {
    if (recall.signal.aborted) return;
    recall.abort();
    // Until the client has passed the moment in which it writes, nothing more must be put in its way.
    setImmediate(() => {
      recall = controller();
      renew(recall.signal);
    });
  };
  for (const event of LOSSES) (client as Emitter).on(event, lost);
}

/** As many commands may wait as there are requests. */
function controller(): AbortController {
  const made = new AbortController();
  setMaxListeners(0, made.signal);
  return made;
}
