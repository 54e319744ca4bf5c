import { data } from 'react-router';
import { getSession } from 'websauna-session/react-router';
import { factory } from '../session.server.ts';

export function loader() {
  getSession(factory).set('failed', true);
  throw data('Not now', { status: 409 });
}

export default function Fails() {
  return null;
}
