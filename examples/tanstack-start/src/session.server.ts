import { createSessionFactory, sharedFactory } from 'websauna-session';

export interface Data {
  visits: number;
  raw: boolean;
  outer: string;
  inner: string;
  late: boolean;
  failed: boolean;
}

// One factory for the whole process, also when the module is evaluated again after a change in development. Its options
// are read at the first request: the build needs no secret.
export const factory = sharedFactory('example', () =>
  createSessionFactory<Data>(() => ({
    secret: process.env.SESSION_SECRET!,
    redis: process.env.REDIS_URL ? { url: process.env.REDIS_URL } : undefined,
  })),
);
