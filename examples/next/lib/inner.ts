import { getSession } from './session';

/** Everything that a route handler calls has the session of its request. */
export async function visitInner(name: string): Promise<string> {
  const session = await getSession();
  session.set('inner', name);
  return `Inner: ${session.owner ?? 'stranger'}`;
}
