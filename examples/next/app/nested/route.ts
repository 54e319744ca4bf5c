import type { NextRequest } from 'next/server';
import { visitInner } from '@/lib/inner';
import { route } from '@/lib/session';

// The proxy has changed the session of this request before: it is one session, and one cookie.
export const GET = route(
  async ({ nextUrl }: NextRequest) => new Response(await visitInner(nextUrl.searchParams.get('name') ?? '')),
);
