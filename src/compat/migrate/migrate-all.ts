import { keyOf } from '../../crypto/session-id.ts';
import { contextOf, type SessionFactory } from '../../factory.ts';
import { checkBoolean, checkFunction, checkNames, checkNumber, expected, isObject } from '../../internal/validate.ts';
import type { SessionStore } from '../../stores/store.ts';
import type { StoredString } from './old-sessions.ts';
import type { BoundMigration } from './source.ts';

/** What {@link migrateAll} has done, or would do. */
export interface MigrationCounts {
  /** Sessions of the other library that were looked at. */
  readonly found: number;
  /** Sessions that were converted; in a dry run, those that would be. */
  readonly converted: number;
  /** Sessions that were converted already, or had ended: only what was left of them was deleted. */
  readonly known: number;
  /** Sessions that end within two minutes unless they are used: they are left to their next request. */
  readonly expiring: number;
  /** Keys whose content is no session that can be read. They are left alone. */
  readonly unreadable: number;
  /** Sessions that could not be converted because of an error, or because they were changed all the time. */
  readonly failed: number;
}

export interface MigrateAllOptions {
  /** Only count. Default `false`. */
  dryRun?: boolean;
  /** Sessions that are converted at the same time. Default 16. */
  concurrency?: number;
  /** Keys that Redis looks at in one step of its scan. Default 500. */
  pageSize?: number;
  /** Stops it. What has been converted stays, and the next call goes on with the rest. */
  signal?: AbortSignal;
  /** Called after each step with the counts so far. */
  onProgress?: (counts: MigrationCounts) => void;
  /** Called with what prevents the conversion of one session. */
  onError?: (error: unknown) => void;
}

/** A session with less time left, or twice the interval of touches, might end before its next use is stored. */
const MIN_LEFT_SECONDS = 120;
const MAX_ATTEMPTS = 5;

type Result = Exclude<keyof MigrationCounts, 'found'> | 'gone';

/**
 * Converts all sessions of the other library that have not been used since the phase `convert` began. It can be stopped
 * and started again, and run while the application is used. A session keeps the time that it has left.
 *
 * @param target the factory, or the middleware of `websauna-session/express-session`
 * @throws {TypeError} rejects for a wrong option, and where there is no migration in the phase `convert`
 */
export async function migrateAll(target: object, options: MigrateAllOptions = {}): Promise<MigrationCounts> {
  const { concurrency, pageSize, dryRun, signal, onProgress, onError } = checkOptions(options);
  const context = contextOf(factoryOf(target));
  const { config } = context;
  const migration = checkMigration(config.migration as BoundMigration | null);
  const store = await context.storeFor(undefined);
  const minLeft = Math.max(MIN_LEFT_SECONDS, 2 * config.touchInterval);
  const counts = { found: 0, converted: 0, known: 0, expiring: 0, unreadable: 0, failed: 0 };
  for await (const sids of migration.migrator.old.scan(pageSize)) {
    const waiting = new Set(sids);
    const work = async (): Promise<void> => {
      for (const sid of waiting) {
        if (signal?.aborted === true) return;
        waiting.delete(sid);
        const result = await migrateOne(migration, store, sid, minLeft, dryRun).catch((error: unknown) => {
          onError?.(error);
          return 'failed' as const;
        });
        if (result === 'gone') continue;
        counts.found++;
        counts[result]++;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
    onProgress?.({ ...counts });
    if (signal?.aborted === true) break;
  }
  return counts;
}

async function migrateOne(
  { migrator, target }: BoundMigration,
  store: SessionStore,
  sid: string,
  minLeft: number,
  dryRun: boolean,
): Promise<Result> {
  const key = keyOf(target.idOf(sid));
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const stored: StoredString | undefined = await migrator.old.read(sid);
    if (stored === undefined) return 'gone';
    const { session, left } = stored;
    // Behind the middleware, an id that has the form of an owner's session of ours is one.
    if (session === null || key.ownerHash !== null) return 'unreadable';
    if (left >= 0 && left < minLeft * 1000) return 'expiring';
    if (dryRun) return (await store.load(key, true)) === undefined ? 'converted' : 'known';
    const seconds = Math.floor(left / 1000);
    const expiresIn = left >= 0 && seconds < target.timeoutOf(session).seconds ? seconds : 0;
    const result = await migrator.convert(store, key, sid, stored, target, expiresIn);
    if (result !== 'changed') return result;
  }
  return 'failed';
}

function factoryOf(target: object): SessionFactory {
  const { factory = target } = (typeof target === 'function' || isObject(target) ? target : {}) as { factory?: object };
  try {
    contextOf(factory);
    return factory as SessionFactory;
  } catch (error) {
    if (isObject(factory) && 'policy' in factory) throw error;
    const what = 'a factory, or the middleware of websauna-session/express-session';
    throw expected('target', what, target);
  }
}

function checkMigration(migration: BoundMigration | null): BoundMigration {
  if (migration === null) {
    throw new TypeError('Expected the factory to have `migrateFrom`, got one without it. Say where the sessions are');
  }
  if (migration.phase === 'convert') return migration;
  throw new TypeError(
    "Expected `migrateFrom.phase` to be 'convert', got 'beside'. Servers of the other library would not see converted sessions",
  );
}

function checkOptions(
  options: MigrateAllOptions,
): MigrateAllOptions & { concurrency: number; pageSize: number; dryRun: boolean } {
  checkNames('options', options, ['dryRun', 'concurrency', 'pageSize', 'signal', 'onProgress', 'onError']);
  const { concurrency = 16, pageSize = 500, dryRun = false, signal, onProgress, onError } = options;
  checkNumber('options.concurrency', concurrency, { min: 1, max: 1000 });
  checkNumber('options.pageSize', pageSize, { of: 'of keys', min: 1, max: 100_000 });
  checkBoolean('options.dryRun', dryRun);
  checkFunction('options.onProgress', onProgress, 'a function of the counts');
  checkFunction('options.onError', onError, 'a function of an error');
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw expected('options.signal', 'an AbortSignal', signal);
  }
  return { ...options, concurrency, pageSize, dryRun };
}
