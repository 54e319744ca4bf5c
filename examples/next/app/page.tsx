import Link from 'next/link';
import { Flash } from '@/components/flash';
import { Visits } from '@/components/visits';
import { getSession } from '@/lib/session';
import { logOut } from './actions';

export default async function Home() {
  const { owner } = await getSession();
  return (
    <>
      <h1>Hello {owner ?? 'stranger'}</h1>
      <Flash />
      <Visits />
      {owner === null ? (
        <p>
          <Link href="/login">Log in</Link>
        </p>
      ) : (
        <form action={logOut}>
          <button>Log out</button>
        </form>
      )}
    </>
  );
}
