import { route } from '@/lib/session';

export const GET = route((_request, session) => Response.json({ owner: session.owner, ...session.data }));
