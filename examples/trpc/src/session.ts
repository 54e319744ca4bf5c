import { createSessionFactory, type Session } from 'websauna-session';

declare module 'websauna-session' {
  interface SessionData {
    visits: number;
    failed: boolean;
    [item: `cart:${string}`]: number;
  }
}

const { REDIS_URL, SESSION_SECRET } = process.env;

export const factory = createSessionFactory({
  secret: SESSION_SECRET!,
  ...(REDIS_URL && { redis: { url: REDIS_URL } }),
});

/** What procedures get. */
export interface Context {
  session: Session;
  csrfToken: string | null | undefined;
}
