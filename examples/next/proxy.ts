import type { NextRequest } from 'next/server';
import { proxy } from '@/lib/session';

const COUNTED = new Set(['/', '/login', '/devices']);

// The page or route of the same request has what is changed here, at the first visit too.
export default proxy(async ({ method, nextUrl: { pathname, searchParams } }: NextRequest, session) => {
  if (method === 'GET' && COUNTED.has(pathname)) await session.update('visits', (n = 0) => n + 1);
  if (pathname === '/nested') session.set('outer', searchParams.get('name') ?? '');
});

export const config = {
  matcher: [
    {
      source: '/((?!_next/|about|icon).*)',
      // Links are fetched in advance; that is no visit.
      missing: [
        { type: 'header', key: 'next-router-prefetch' },
        { type: 'header', key: 'purpose', value: 'prefetch' },
      ],
    },
  ],
};
