import { redirect } from 'react-router';
import { getSession } from 'websauna-session/react-router';
import { readForm } from '../form.server.ts';
import { factory } from '../session.server.ts';
import type { Route } from './+types/logout.ts';

export async function action({ request }: Route.ActionArgs) {
  await readForm(request);
  getSession(factory).logout();
  return redirect('/');
}
