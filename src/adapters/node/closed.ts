import type { IncomingMessage, ServerResponse } from 'node:http';

type AnyResponse = ServerResponse & { readonly stream?: { readonly closed: boolean } };

/** Runs when the response has left or its connection is closed; soon, when that is so already. */
export function onceClosed(res: AnyResponse, run: () => void): void {
  if (res.destroyed || res.writableFinished || res.stream?.closed === true) process.nextTick(run);
  // It is emitted once, and `once` costs twice as much.
  else res.on('close', run);
}

/** The same for a response that may not be Node's own, and emit nothing. */
export function onceOver(req: IncomingMessage, res: ServerResponse, run: () => void): void {
  if (typeof res.once === 'function') onceClosed(res, run);
  else if (req.socket.destroyed) process.nextTick(run);
  else req.socket.once('close', run);
}
