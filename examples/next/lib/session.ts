import { createSessionFactory, sharedFactory } from 'websauna-session';
import { nextSessions } from 'websauna-session/next';

interface Data {
  visits: number;
  raw: boolean;
  outer: string;
  inner: string;
  late: boolean;
  failed: boolean;
}

// Next evaluates this module once for its pages, once for its route handlers and once for the proxy, and again when a
// file changes; the factory is one. Its options are read at the first request: `next build` needs no secret.
export const factory = sharedFactory('app', () =>
  createSessionFactory<Data>(() => {
    const { SESSION_SECRET, REDIS_URL } = process.env;
    return {
      secret: SESSION_SECRET!,
      maxSessionsPerOwner: 10,
      ...(REDIS_URL !== undefined && { redis: { url: REDIS_URL } }),
    };
  }),
);

export const { getSession, action, route, proxy } = nextSessions(factory);
