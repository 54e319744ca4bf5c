import { MIGRATION, type MigrationParts, type SessionMigration } from '../engine/migration.ts';
import { expected } from '../internal/validate.ts';
import type { SessionOptions } from './options.ts';

export function normalizeMigration(
  source: SessionOptions['migrateFrom'],
  parts: MigrationParts,
): SessionMigration | null {
  if (source === undefined) return null;
  const make = typeof source === 'object' && source !== null ? source[MIGRATION] : undefined;
  if (typeof make !== 'function') {
    const what = 'what `connectRedis` or `fastifySession` of websauna-session/migrate has made';
    throw expected('migrateFrom', what, source);
  }
  return Reflect.apply(make, source, [parts]);
}
