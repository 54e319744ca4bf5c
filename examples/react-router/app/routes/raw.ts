import { getSession } from 'websauna-session/react-router';
import { factory } from '../session.server.ts';

export function loader() {
  getSession(factory).set('raw', true);
  return new Response('Dark', { headers: { 'set-cookie': 'theme=dark; Path=/' } });
}
