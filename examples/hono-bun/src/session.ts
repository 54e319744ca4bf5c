import { createSessionFactory, type Session } from 'websauna-session';

export interface Data {
  visits: number;
  raw: boolean;
  outer: string;
  inner: string;
  late: boolean;
  failed: boolean;
  draft: string;
}

export type AppSession = Session<Data>;

const { REDIS_URL, SESSION_SECRET } = process.env;

export const factory = createSessionFactory<Data>({
  secret: SESSION_SECRET!,
  // Every process that has sessions publishes their ends, so that sockets in the others are closed.
  ...(REDIS_URL && { redis: { url: REDIS_URL, publishEnds: true } }),
});
