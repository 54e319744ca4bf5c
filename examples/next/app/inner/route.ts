import type { NextRequest } from 'next/server';
import { visitInner } from '@/lib/inner';
import { route } from '@/lib/session';

export const GET = route(
  async ({ nextUrl }: NextRequest) => new Response(await visitInner(nextUrl.searchParams.get('name') ?? '')),
);
