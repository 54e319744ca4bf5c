'use server';

import { refresh } from 'next/cache';
import { redirect } from 'next/navigation';
import { action, factory, getSession } from '@/lib/session';
import { checkPassword } from '@/lib/users';

function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value : '';
}

/** Returns what is wrong; `null` before the form is sent. */
export const logIn = action(async (_previous: string | null, form: FormData): Promise<string | null> => {
  const user = await checkPassword(textOf(form, 'name'), textOf(form, 'password'));
  if (user === null) return 'This name and password do not fit together.';
  const session = await getSession();
  session.login(user, { method: 'password' });
  session.flash(`Welcome, ${user}`);
  return redirect('/');
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
  await factory.owners.revokeSession(session.owner, textOf(form, 'handle'));
  session.flash('The device is logged out');
  // Next renders the page again by itself only where a cookie has changed.
  refresh();
});
