'use server';

import { refresh } from 'next/cache';
import { redirect } from 'next/navigation';
import { action, factory, getSession } from '@/lib/session';
import { checkPassword } from '@/lib/users';

/** Returns what is wrong; `null` before the form is sent. */
export const logIn = action(async (_previous: string | null, form: FormData): Promise<string | null> => {
  const user = await checkPassword(String(form.get('name')), String(form.get('password')));
  if (user === null) return 'This name and password do not fit together.';
  const session = await getSession();
  session.login(user, { method: 'password' });
  session.flash(`Welcome, ${user}`);
  redirect('/');
});

export const logOut = action(async () => {
  const session = await getSession();
  session.logout();
  session.flash('You have logged out');
  redirect('/');
});

/** Logs another device of the same owner out. */
export const endSession = action(async (form: FormData) => {
  const session = await getSession();
  if (session.owner === null) redirect('/login');
  await factory.owners.revokeSession(session.owner, String(form.get('handle')));
  session.flash('The device is logged out');
  // Next renders the page again by itself only where a cookie has changed.
  refresh();
});
