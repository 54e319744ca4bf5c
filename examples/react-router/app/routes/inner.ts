import { inner } from '../inner.server.ts';
import type { Route } from './+types/inner.ts';

export const loader = ({ request }: Route.LoaderArgs) => new Response(inner(new URL(request.url)));
