export { createRedisStore } from './source.ts';
export { RedisStore } from './store.ts';
export type { IoredisLike, NodeRedisLike, RedisClient } from './client.ts';
export type { RedisCacheOptions, RedisClientOption, RedisLibrary, RedisOptions, RedisPoolOptions } from './options.ts';
