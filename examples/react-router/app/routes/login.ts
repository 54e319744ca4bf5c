import { redirect } from 'react-router';
import { getSession } from 'websauna-session/react-router';
import { readForm } from '../form.server.ts';
import { factory } from '../session.server.ts';
import type { Route } from './+types/login.ts';

// A real application checks the password here.
export async function action({ request }: Route.ActionArgs) {
  const user = String((await readForm(request)).get('user'));
  const session = getSession(factory);
  session.login(user, { method: 'password' });
  session.flash(`Welcome, ${user}`);
  throw redirect('/');
}
