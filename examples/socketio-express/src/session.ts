import { createSessionFactory } from 'websauna-session';

// The data of `req.session` and of `socket.data.session`.
declare module 'websauna-session' {
  interface SessionData {
    visits: number;
    raw: boolean;
    outer: string;
    inner: string;
    late: boolean;
    failed: boolean;
    draft: string;
  }
}

const { REDIS_URL, SESSION_SECRET } = process.env;

export const factory = createSessionFactory({
  secret: SESSION_SECRET!,
  // Every process that has sessions publishes their ends, so that sockets in the others are closed.
  ...(REDIS_URL && { redis: { url: REDIS_URL, publishEnds: true } }),
});
