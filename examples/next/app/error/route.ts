import { notFound } from 'next/navigation';
import { route } from '@/lib/session';

export const GET = route((_request, session) => {
  session.set('failed', true);
  return notFound();
});
