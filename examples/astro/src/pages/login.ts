import type { APIRoute } from 'astro';
import { readForm } from '../lib/form';

// A real application checks the password here.
export const POST: APIRoute = async (context) => {
  const { session } = context.locals;
  const user = String((await readForm(context)).get('user'));
  session.login(user, { method: 'password' });
  session.flash(`Welcome, ${user}`);
  return context.redirect('/', 303);
};
