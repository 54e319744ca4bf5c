import { Router, type Request } from 'express';
import { field } from '../form.ts';
import { render } from '../render.ts';
import type { Users } from '../users.ts';
import { logInPage, signUpPage, type Problem } from '../views/account.ts';
import { passwordProblem } from './password.ts';

export function accountRoutes(users: Users): Router {
  const router = Router();

  router.get(['/log-in', '/sign-up'], (req, res, next) => {
    if (req.user === null) next();
    else res.redirect(303, '/');
  });

  router.get('/sign-up', (req, res) => {
    render(req, res, signUpPage({ name: '', problem: null }, req.session));
  });

  router.post('/sign-up', async (req, res) => {
    const name = nameOf(req);
    const password = field(req, 'password');
    let problem = nameProblem(name) ?? passwordProblem('password', password);
    const user = problem === null ? await users.create(name, password) : null;
    if (user === null) {
      problem ??= { text: 'This name is taken. Please choose another.', fields: ['name'] };
      return render(req, res.status(422), signUpPage({ name, problem }, req.session));
    }
    req.session.login(user.id, { method: 'password' });
    req.session.flash(`Welcome, ${user.name}. You are signed up and logged in.`);
    res.redirect(303, req.session.pop('returnTo', '/'));
  });

  router.get('/log-in', (req, res) => {
    render(req, res, logInPage({ name: '', problem: null }, req.session));
  });

  router.post('/log-in', async (req, res) => {
    const name = nameOf(req);
    const user = await users.authenticate(name, field(req, 'password'));
    if (user === null) {
      // One sentence for both: it does not reveal which names exist.
      const problem = { text: 'The name or the password is wrong.', fields: ['name', 'password'] };
      return render(req, res.status(401), logInPage({ name, problem }, req.session));
    }
    req.session.login(user.id, { method: 'password' });
    req.session.flash(`Welcome back, ${user.name}.`);
    res.redirect(303, req.session.pop('returnTo', '/'));
  });

  router.post('/log-out', (req, res) => {
    req.session.logout({ clearSiteData: true });
    // Already in a fresh, anonymous session.
    req.session.flash('You are logged out.');
    res.redirect(303, '/');
  });

  return router;
}

function nameOf(req: Request): string {
  return field(req, 'name').normalize('NFKC').trim();
}

function nameProblem(name: string): Problem | null {
  if (/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,39}$/u.test(name)) return null;
  const text =
    'Use up to 40 letters, digits, spaces, dots, hyphens and underscores, and begin with a letter or a digit.';
  return { text, fields: ['name'] };
}
