import type { ServerResponse } from 'node:http';

type AnyResponse = ServerResponse & { readonly stream?: { readonly closed: boolean } };

/** Runs when the response has left or its connection is closed; soon, when that is so already. */
export function onceClosed(res: AnyResponse, run: () => void): void {
  if (res.destroyed || res.writableFinished || res.stream?.closed === true) process.nextTick(run);
  else res.once('close', run);
}
