import { createSessionFactory } from 'websauna-session';

export interface Data {
  visits: number;
  raw: boolean;
  outer: string;
  inner: string;
  late: boolean;
  failed: boolean;
}

export const factory = createSessionFactory<Data>({
  secret: process.env.SESSION_SECRET!,
  redis: process.env.REDIS_URL ? { url: process.env.REDIS_URL } : undefined,
});
