import { getSession } from 'websauna-session/react-router';
import { factory } from './session.server.ts';

/** What /inner answers. React Router has no requests from inside: a loader that needs the same calls the same function. */
export function inner(url: URL): string {
  const session = getSession(factory);
  session.set('inner', url.searchParams.get('name') ?? '');
  return `Inner: ${session.owner ?? 'stranger'}`;
}
