import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { SessionError } from '../../errors.ts';
import { REPRESENTATION_HEADERS } from '../representation-headers.ts';
import { onceClosed } from './closed.ts';

/** Stops the source of a response that is not sent. Nothing else would close its file. */
export function releaseSource(
  source: Readable & { unpipe?: Readable['unpipe'] },
  res: ServerResponse & { req?: IncomingMessage },
): void {
  source.unpipe?.(res);
  if (source === res.req) return;
  // Not before the error's response has left: `stream.pipeline`, for one, would destroy it.
  onceClosed(res, () => {
    if (source.listenerCount('data') === 0) source.destroy();
  });
}

/** Clears the head for the error's response: what a writer adds before that must not look successful either. */
export function resetHead(res: ServerResponse, error: unknown): void {
  const status = (error as { status?: unknown } | null)?.status;
  res.statusCode = typeof status === 'number' && status >= 400 && status < 600 ? status : 500;
  Reflect.deleteProperty(res, 'statusMessage');
  // Removing an absent header would still make Node leave it out, and close the connection.
  for (const name of REPRESENTATION_HEADERS) if (res.hasHeader(name)) res.removeHeader(name);
}

/** Answers with the error's status, and reveals nothing else of the error. */
export function sendError(error: unknown, res: ServerResponse): void {
  if (res.headersSent) {
    // The part of another response that has left must not look complete.
    if (!res.writableEnded) res.destroy();
    return;
  }
  res.statusCode = error instanceof SessionError ? error.status : 500;
  res.setHeader('content-type', 'text/plain; charset=utf-8');
  res.setHeader('cache-control', 'no-store');
  res.end(res.statusCode === 503 ? 'The service is unavailable for a moment\n' : 'The request failed\n');
}
