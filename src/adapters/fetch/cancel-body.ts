import { unreadBody } from './copy-response.ts';

/** Frees what stands behind the body of a response that is not sent: an open file, or a connection. */
export function cancelBody(response: Response): void {
  if (unreadBody(response) !== undefined) return;
  response.body?.cancel().catch(() => {
    // Another reader has it, and will release it.
  });
}
