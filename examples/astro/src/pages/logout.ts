import type { APIRoute } from 'astro';
import { readForm } from '../lib/form';

export const POST: APIRoute = async (context) => {
  await readForm(context);
  context.locals.session.logout();
  return context.redirect('/', 303);
};
