import { createClient } from 'redis';

const SECRET = 'a secret of more than thirty-two bytes';

export async function nodeRedis(url) {
  const client = createClient({ url });
  client.on('error', (error) => {
    throw error;
  });
  return await client.connect();
}

/** What adapters of this library take, by kind: the factory's options, or a factory. */
export async function ourOptions(kind, url) {
  const redis = {
    'ours: node-redis': { url, library: 'redis' },
    'ours: ioredis': { url, library: 'ioredis' },
    'ours: cache': { url, library: 'redis', cache: true },
    'ours: memory': undefined,
    'ours: audit': { url, library: 'redis' },
    'ours: stats': { url, library: 'redis' },
    'ours: otel': { url, library: 'redis' },
    'ours: otel+audit': { url, library: 'redis' },
  };
  if (!(kind in redis)) return undefined;
  const options = {
    secret: SECRET,
    ...(redis[kind] && { redis: redis[kind] }),
    audit: kind.endsWith('audit'),
    stats: kind === 'ours: stats',
  };
  if (!kind.startsWith('ours: otel')) return options;
  const { instrumentedFactory } = await import('./telemetry.mjs');
  return await instrumentedFactory(options);
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
