import type { VerifiedCookie } from '../crypto/cookie-verifier.ts';
import type { StoreProvider } from '../stores/store-provider.ts';
import type { LoadResult, SessionStore } from '../stores/store.ts';
import type { FieldSerializer } from './stored-fields.ts';

/** Whose sessions go on here. */
export type MigratedLibrary = 'express-session' | '@fastify/session';

/**
 * How far a migration is:
 * - `beside`: servers of the other library run beside these, so that sessions keep its form
 * - `convert`: a session gets the form of ours when it is next used
 */
export type MigrationPhase = 'beside' | 'convert';

/** A cookie of another library, which one of its secrets has signed, as one of ours. */
export interface ForeignCookie extends VerifiedCookie {
  /** The session id in it. */
  readonly sid: string;
}

/** What a migration has to know of a factory. */
export interface MigrationParts {
  readonly serializer: FieldSerializer;
  /** Seconds; `null` for never. */
  readonly absoluteTimeout: number | null;
}

/** The sessions of another library, for one factory. */
export interface SessionMigration {
  readonly from: MigratedLibrary;
  readonly phase: MigrationPhase;
  /** Returns the stores of the factory, as they have to work while the migration lasts. */
  wrapProvider(provider: StoreProvider): StoreProvider;
  /** Returns the cookies of the other library in a `Cookie` header. */
  readCookies(header: string | undefined): readonly ForeignCookie[];
  /** Returns the record of a cookie, which is converted if it has not been before. */
  adopt(store: SessionStore, cookie: ForeignCookie): Promise<LoadResult | undefined>;
  /** Returns whose session it is; `null` for an anonymous one. */
  ownerOf(data: Readonly<Record<string, unknown>>): string | null;
}

/** In what the option `migrateFrom` takes: makes the migration of a factory. */
export const MIGRATION: unique symbol = Symbol.for('websauna-session.migration') as never;

/** Sessions of another library, as `websauna-session/migrate` makes them. */
export interface MigrationSource {
  readonly from: MigratedLibrary;
  readonly phase: MigrationPhase;
  readonly [MIGRATION]: (parts: MigrationParts) => SessionMigration;
}
