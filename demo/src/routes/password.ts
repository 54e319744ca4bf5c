import { Router } from 'express';
import { field } from '../form.ts';
import { forUser } from '../login.ts';
import { render } from '../render.ts';
import type { Users } from '../users.ts';
import { PASSWORD_LENGTH, passwordPage } from '../views/account.ts';

export function passwordRoutes(users: Users): Router {
  const router = Router();

  router.get(
    '/password',
    forUser((user, req, res) => {
      render(req, res, passwordPage({ name: user.name, problem: null }, req.session));
    }),
  );

  router.post(
    '/password',
    forUser(async (user, req, res) => {
      const password = field(req, 'new-password');
      let problem = passwordProblem(password);
      if ((await users.authenticate(user.name, field(req, 'password'))) === null) {
        problem = 'This is not your present password.';
      }
      if (problem !== null) {
        return render(req, res.status(422), passwordPage({ name: user.name, problem }, req.session));
      }
      await users.setPassword(user.id, password);

      // This device goes on, with a new session id. All others logged in earlier: `invalidateBefore` ends
      // each on its next request and leaves it a message that says why. `owners.revoke` would end them now,
      // but what is gone can be told nothing. The time is the login's own, by the store's clock, which
      // the other logins have theirs from too.
      req.session.login(user.id, { method: 'password' });
      await req.session.save();
      await users.setPasswordChangedAt(user.id, req.session.authenticatedAt!);

      req.session.flash('Your password is changed. All your other devices are logged out.');
      res.redirect(303, '/devices');
    }),
  );

  return router;
}

export function passwordProblem(password: string): string | null {
  return password.length >= PASSWORD_LENGTH.min && password.length <= PASSWORD_LENGTH.max
    ? null
    : `A password has ${PASSWORD_LENGTH.min} characters or more.`;
}
