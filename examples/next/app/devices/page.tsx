import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { Flash } from '@/components/flash';
import { factory, getSession } from '@/lib/session';
import { endSession } from '../actions';

export const metadata: Metadata = { title: 'Devices' };

export default async function Devices() {
  const session = await getSession();
  if (session.owner === null) redirect('/login');
  const devices = await factory.owners.list(session.owner);
  return (
    <>
      <h1>Devices of {session.owner}</h1>
      <Flash />
      <ul>
        {devices.map(({ handle, userAgent, lastSeenAt }) => (
          <li key={handle}>
            <span>
              {userAgent?.slice(0, 40) ?? 'unknown'}
              <br />
              <small>{lastSeenAt.toISOString()}</small>
            </span>
            {handle === session.handle ? (
              <em>this device</em>
            ) : (
              <form action={endSession}>
                <input type="hidden" name="handle" value={handle} />
                <button>Log out</button>
              </form>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
