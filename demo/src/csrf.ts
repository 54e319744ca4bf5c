import type { NextFunction, Request, Response } from 'express';
import { field } from './form.ts';

/** The name of the hidden field that every form has; see `postForm`. */
export const CSRF_FIELD = '_csrf';

/** Guards every form at once. GET, HEAD and OPTIONS pass; a refusal is a `SessionError` with status 403. */
export function requireCsrfToken(req: Request, _res: Response, next: NextFunction): void {
  req.session.requireCsrfToken(field(req, CSRF_FIELD));
  next();
}
