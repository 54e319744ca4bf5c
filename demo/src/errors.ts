import type { NextFunction, Request, Response } from 'express';
import { SessionError } from 'websauna-session';
import { errorPage, type Fault } from './views/error.ts';
import { layout, type Frame } from './views/layout.ts';

// These pages show no messages: a request for a missing icon must not use up those that wait for the next page.

/** A page that does not exist still says who is logged in. */
export function notFound(req: Request, res: Response): void {
  const visitor = { user: req.user, session: req.session };
  send(res, 404, 'not-found', { path: req.path, visitor });
}

/**
 * Says who is logged in when the request was refused after that was known, and asks the session for nothing when it may
 * be what failed. Express recognises an error handler by its four parameters.
 */
export function showError(error: unknown, req: Request, res: Response, next: NextFunction): void {
  if (res.headersSent) {
    next(error);
    return;
  }
  const status = statusOf(error);
  if (status >= 500) console.error(error);
  if (status === 503) res.set('Retry-After', '5');
  const visitor = status < 500 && 'user' in req && { visitor: { user: req.user, session: req.session } };
  send(res, status, faultOf(error, status), { path: req.path, ...visitor });
}

function send(res: Response, status: number, fault: Fault, frame: Frame): void {
  res
    .status(status)
    .set('Cache-Control', 'no-store')
    .send(layout(errorPage(fault, status), frame).toString());
}

function statusOf(error: unknown): number {
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  return status >= 400 && status <= 599 ? status : 500;
}

function faultOf(error: unknown, status: number): Fault {
  if (error instanceof SessionError && error.code === 'ERR_SESSION_CSRF') return 'csrf';
  if (status === 503) return 'unavailable';
  if (status === 404) return 'not-found';
  return status < 500 ? 'bad-request' : 'broken';
}
