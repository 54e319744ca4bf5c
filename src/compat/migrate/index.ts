import type { MigrationSource } from '../../engine/migration.ts';
import {
  normalizeConnectRedis,
  normalizeFastifySession,
  type ConnectRedisOptions,
  type FastifySessionOptions,
} from './options.ts';
import { createSource } from './source.ts';

export { migrateAll, type MigrateAllOptions, type MigrationCounts } from './migrate-all.ts';
export type { MigratedLibrary, MigrationPhase, MigrationSource } from '../../engine/migration.ts';
export type {
  ConnectRedisOptions,
  FastifySessionOptions,
  OldSerializer,
  OldSession,
  OldStoreOptions,
} from './options.ts';

/**
 * Describes the sessions that express-session keeps in connect-redis, for the option `migrateFrom`.
 *
 * @example
 * ```ts
 * app.use(session({ secret, redis: { client }, migrateFrom: connectRedis({ client, phase: 'beside' }) }));
 * ```
 * @throws {TypeError} for every option that is wrong, with what was expected
 */
export function connectRedis(options: ConnectRedisOptions): MigrationSource {
  return createSource(normalizeConnectRedis(options));
}

/**
 * Describes the sessions that @fastify/session keeps in connect-redis, for the option `migrateFrom`.
 *
 * @example
 * ```ts
 * const factory = createSessionFactory({
 *   secret,
 *   redis: { client },
 *   migrateFrom: fastifySession({ client, secret: oldSecret, phase: 'convert' }),
 * });
 * ```
 * @throws {TypeError} for every option that is wrong, with what was expected
 */
export function fastifySession(options: FastifySessionOptions): MigrationSource {
  return createSource(normalizeFastifySession(options));
}
