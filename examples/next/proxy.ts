import type { NextRequest } from 'next/server';
import { proxy } from '@/lib/session';

// The page of the same request shows the number, at the first visit too.
export default proxy(async (request: NextRequest, session) => {
  if (request.method === 'GET') await session.update('visits', (n = 0) => n + 1);
});

export const config = {
  matcher: [
    {
      source: '/((?!_next/|api/|about|icon).*)',
      // Links are fetched in advance; that is no visit.
      missing: [
        { type: 'header', key: 'next-router-prefetch' },
        { type: 'header', key: 'purpose', value: 'prefetch' },
      ],
    },
  ],
};
