import { getSession } from 'websauna-session/react-router';
import { factory } from '../session.server.ts';

export function loader() {
  const session = getSession(factory);
  return Response.json({ owner: session.owner, ...session.data });
}
