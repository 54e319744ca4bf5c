import { createSessionFactory } from 'websauna-session';

// The data of `ctx.session`.
declare module 'websauna-session' {
  interface SessionData {
    visits: number;
    raw: boolean;
    outer: string;
    inner: string;
    late: boolean;
    failed: boolean;
  }
}

const { REDIS_URL, SESSION_SECRET } = process.env;

export const factory = createSessionFactory({
  secret: SESSION_SECRET!,
  ...(REDIS_URL && { redis: { url: REDIS_URL } }),
});
