import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { SessionError, type ExplainedReason } from 'websauna-session';
import { field } from './form.ts';
import { render } from './render.ts';
import type { User, Users } from './users.ts';
import { confirmPage } from './views/account.ts';

declare global {
  namespace Express {
    interface Request {
      /** Who is logged in. */
      user: User | null;
    }
  }
}

/** Seconds that a login counts as fresh. */
const FRESH = 600;

/** What visitors are told who were logged in; `render` does it for a changed password. */
const ENDED: Partial<Record<ExplainedReason, string>> = {
  expired: 'You were logged out because you were away for too long.',
  revoked: 'You were logged out from another device.',
  evicted: 'You were logged out because you have logged in on too many devices.',
};

/** Finds the user that the session belongs to. */
export function loadUser(users: Users): RequestHandler {
  return async (req, _res, next) => {
    const { owner, endedBefore } = req.session;
    const ended = endedBefore === null ? undefined : ENDED[endedBefore.reason];
    if (ended !== undefined) req.session.flash(ended, 'warning', false);
    req.user = owner === null ? null : await users.find(owner);
    if (owner !== null && req.user === null) {
      req.session.invalidate();
      req.session.flash('This account no longer exists.', 'warning');
    }
    next();
  };
}

type UserHandler = (user: User, req: Request, res: Response, next: NextFunction) => Promise<void> | void;

/** A handler for users who are logged in. Others are sent to log in, and come back to the page afterwards. */
export function forUser(handle: UserHandler): RequestHandler {
  return async (req, res, next) => {
    if (req.user !== null) return await handle(req.user, req, res, next);
    // Kept in the session, where a link cannot smuggle in an address of another site.
    if (req.method === 'GET') req.session.set('returnTo', req.path);
    res.redirect(303, '/log-in');
  };
}

/**
 * A handler for users who logged in not long ago. Others confirm their password on a page whose form goes
 * to the same address: the login is renewed, with a new session id, and the request is carried out.
 */
export function forFreshUser(users: Users, handle: UserHandler): RequestHandler {
  return forUser(async (user, req, res, next) => {
    const password = field(req, 'password');
    if (password !== '' && (await users.authenticate(user.name, password)) !== null) {
      req.session.login(user.id, { method: 'password' });
      await req.session.save();
    }
    try {
      req.session.requireFresh(FRESH);
    } catch (error) {
      if (!(error instanceof SessionError && error.code === 'ERR_SESSION_NOT_FRESH')) throw error;
      const page = { action: req.originalUrl, name: user.name, wrong: password !== '' };
      return render(req, res.status(403), confirmPage(page, req.session));
    }
    await handle(user, req, res, next);
  });
}
