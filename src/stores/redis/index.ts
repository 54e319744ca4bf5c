export { createRedisStore } from './provider.ts';
export { RedisStore } from './store.ts';
export type { IoredisLike, NodeRedisLike, RedisClient } from './clients/shapes.ts';
export type { RedisCacheOptions, RedisClientOption, RedisLibrary, RedisOptions, RedisPoolOptions } from './options.ts';
