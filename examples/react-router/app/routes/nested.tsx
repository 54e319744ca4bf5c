import { getSession } from 'websauna-session/react-router';
import { inner } from '../inner.server.ts';
import { factory } from '../session.server.ts';
import type { Route } from './+types/nested.ts';

export function loader({ request }: Route.LoaderArgs) {
  const url = new URL(request.url);
  getSession(factory).set('outer', url.searchParams.get('name') ?? '');
  return { inner: inner(url) };
}

export default function Nested({ loaderData }: Route.ComponentProps) {
  return <p>{loaderData.inner}</p>;
}
