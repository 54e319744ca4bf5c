import { createClient } from 'redis';

const SECRET = 'a secret of more than thirty-two bytes';

export async function nodeRedis(url) {
  const client = createClient({ url });
  client.on('error', (error) => {
    throw error;
  });
  return await client.connect();
}

/** The options of this library's factory, by kind. */
export function ourOptions(kind, url) {
  const redis = {
    'ours: node-redis': { url, library: 'redis' },
    'ours: ioredis': { url, library: 'ioredis' },
    'ours: cache': { url, library: 'redis', cache: true },
    'ours: memory': undefined,
    'ours: audit': { url, library: 'redis' },
    'ours: stats': { url, library: 'redis' },
  };
  if (!(kind in redis)) return undefined;
  return {
    secret: SECRET,
    ...(redis[kind] && { redis: redis[kind] }),
    audit: kind === 'ours: audit',
    stats: kind === 'ours: stats',
  };
}

/** A session of ours as the routes use it. */
export function ourSession(session) {
  return {
    get: (key) => session.get(key),
    set: (key, value) => session.set(key, value),
    login: (owner) => session.login(owner),
  };
}

export { SECRET };
