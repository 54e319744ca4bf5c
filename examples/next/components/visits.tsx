import { getSession } from '@/lib/session';

export async function Visits() {
  const session = await getSession();
  return <p>Visits: {session.get('visits', 0)}</p>;
}
