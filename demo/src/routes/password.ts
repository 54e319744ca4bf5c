import { Router } from 'express';
import { field } from '../form.ts';
import { forUser } from '../login.ts';
import { render } from '../render.ts';
import type { Users } from '../users.ts';
import { PASSWORD_LENGTH, passwordPage, type Problem } from '../views/account.ts';

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
      let problem = passwordProblem('new-password', password);
      if ((await users.authenticate(user.name, field(req, 'password'))) === null) {
        problem = { text: 'That is not your current password.', fields: ['password'] };
      }
      if (problem !== null) {
        return render(req, res.status(422), passwordPage({ name: user.name, problem }, req.session));
      }
      await users.setPassword(user.id, password);

      // This device goes on, with a new session id. All others logged in earlier: `invalidateBefore` ends
      // each on its next request and leaves it a message that says why. `owners.revoke` would end them now,
      // without a message. The time is that of this login, by the store's clock, as the other logins' times are.
      req.session.login(user.id, { method: 'password' });
      await req.session.save();
      await users.setPasswordChangedAt(user.id, req.session.authenticatedAt!);

      req.session.flash('Your password has been changed, and all your other devices have been logged out.');
      res.redirect(303, '/devices');
    }),
  );

  return router;
}

/** @param input the name of the input that has the password */
export function passwordProblem(input: string, { length }: string): Problem | null {
  const { min, max } = PASSWORD_LENGTH;
  if (length < min) return { text: `Use at least ${min} characters.`, fields: [input] };
  return length > max ? { text: `Use at most ${max} characters.`, fields: [input] } : null;
}
