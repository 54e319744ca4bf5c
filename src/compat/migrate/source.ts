import {
  MIGRATION,
  type ForeignCookie,
  type MigratedLibrary,
  type MigrationParts,
  type MigrationPhase,
  type MigrationSource,
  type SessionMigration,
} from '../../engine/migration.ts';
import { expected } from '../../internal/validate.ts';
import type { StoreProvider } from '../../stores/store-provider.ts';
import type { LoadResult, SessionStore } from '../../stores/store.ts';
import {
  MIDDLEWARE_MIGRATION,
  SidLookup,
  type MiddlewareMigrationSource,
  type MiddlewareParts,
} from '../express-session/migration.ts';
import { normalizeOwner } from '../express-session/owner-id.ts';
import type { Secret } from '../express-session/session-id.ts';
import { factoryTarget } from './factory-target.ts';
import { ForeignCookies } from './foreign-cookies.ts';
import { keepEnds } from './kept-ends.ts';
import { middlewareTarget } from './middleware-target.ts';
import { MigratingStore } from './migrating-store.ts';
import { Migrator, type Target } from './migrator.ts';
import type { NormalizedSource } from './options.ts';

/** A migration, with what converts all of its sessions at once. */
export interface BoundMigration extends SessionMigration {
  readonly migrator: Migrator;
  readonly target: Target;
}

const DEFAULT_NAMES: Readonly<Record<MigratedLibrary, string>> = {
  'express-session': 'connect.sid',
  '@fastify/session': 'sessionId',
};

/** Returns the sessions of another library, as the option `migrateFrom` takes them. */
export function createSource(options: NormalizedSource): MigrationSource {
  return new OldSessionSource(options);
}

class OldSessionSource implements MiddlewareMigrationSource {
  readonly from: MigratedLibrary;
  readonly phase: MigrationPhase;
  readonly ttl: number | null;
  readonly #options: NormalizedSource;

  constructor(options: NormalizedSource) {
    this.#options = options;
    this.from = options.from;
    this.phase = options.phase;
    this.ttl = options.ttl;
  }

  /** Makes the migration of a factory: its cookie is another one. */
  [MIGRATION](parts: MigrationParts): BoundMigration {
    const source = this.#options;
    if (source.phase === 'beside') {
      throw new TypeError(
        "Expected `migrateFrom.phase` to be 'convert', got 'beside'. Servers of the other library can run beside " +
          '`websauna-session/express-session` alone: its sessions keep their cookie',
      );
    }
    if (source.secrets.length === 0) {
      throw expected('migrateFrom.secret', 'what has signed the cookies of the other library', undefined);
    }
    return new FactoryMigration(source, parts);
  }

  /** Makes the migration of the middleware, whose cookie stays as it is. */
  [MIDDLEWARE_MIGRATION](middleware: MiddlewareParts, _parts: MigrationParts): BoundMigration {
    const { from, name, secrets, owner } = this.#options;
    if (from !== 'express-session') {
      throw new TypeError(
        'Expected `migrateFrom` to be made by `connectRedis`, got `fastifySession`. Give that to `createSessionFactory`',
      );
    }
    if (owner !== null) throw expected('migrateFrom.owner', 'absent. Use the option `owner`', owner);
    if (name !== null && name !== middleware.name) {
      throw new TypeError(
        'Expected `migrateFrom.name` to be the name of the cookie here, got another one. Leave it out',
      );
    }
    if (!secrets.every((each) => middleware.secrets.some((other) => sameSecret(each, other)))) {
      throw new TypeError(
        'Expected `migrateFrom.secret` to be among the secrets here, got another one. Add it to `secret`',
      );
    }
    return new MiddlewareMigration(this.#options, middleware);
  }
}

function sameSecret(a: Secret, b: Secret): boolean {
  return Buffer.from(a).equals(Buffer.from(b));
}

abstract class Migration implements BoundMigration {
  readonly from: MigratedLibrary;
  readonly phase: MigrationPhase;
  readonly migrator: Migrator;
  readonly target: Target;
  readonly #wrapped = new WeakMap<SessionStore, SessionStore>();

  constructor(source: NormalizedSource, target: Target) {
    this.from = source.from;
    this.phase = source.phase;
    this.migrator = new Migrator(source);
    this.target = target;
  }

  abstract wrapProvider(provider: StoreProvider): StoreProvider;
  abstract readCookies(header: string | undefined): readonly ForeignCookie[];
  abstract ownerOf(data: Readonly<Record<string, unknown>>): string | null;

  adopt(store: SessionStore, { key, sid }: ForeignCookie): Promise<LoadResult | undefined> {
    return this.migrator.adopt(store, key, sid, this.target);
  }

  /** Returns a store that remembers ends, the same for the same one. */
  protected keepingEnds(store: SessionStore): SessionStore {
    const known = this.#wrapped.get(store);
    if (known !== undefined) return known;
    const wrapped = keepEnds(store, this.migrator);
    this.#wrapped.set(store, wrapped);
    return wrapped;
  }
}

class FactoryMigration extends Migration {
  readonly #cookies: ForeignCookies;
  readonly #owner: NormalizedSource['owner'];

  constructor(source: NormalizedSource, parts: MigrationParts) {
    super(source, factoryTarget(parts, source));
    this.#cookies = new ForeignCookies(source.name ?? DEFAULT_NAMES[source.from], source.cookiePrefix, source.secrets);
    this.#owner = source.owner;
  }

  wrapProvider(provider: StoreProvider): StoreProvider {
    const { close } = provider;
    return {
      storeFor: (request) => {
        const store = provider.storeFor(request);
        return store instanceof Promise ? store.then((each) => this.keepingEnds(each)) : this.keepingEnds(store);
      },
      close,
    };
  }

  readCookies(header: string | undefined): readonly ForeignCookie[] {
    return this.#cookies.read(header);
  }

  ownerOf(data: Readonly<Record<string, unknown>>): string | null {
    return this.#owner === null ? null : normalizeOwner(this.#owner(data));
  }
}

class MiddlewareMigration extends Migration {
  readonly #parts: MiddlewareParts;

  constructor(source: NormalizedSource, parts: MiddlewareParts) {
    super(source, middlewareTarget(parts, undefined));
    this.#parts = parts;
  }

  wrapProvider(provider: StoreProvider): StoreProvider {
    const wrap = (store: SessionStore, request: unknown): SessionStore => {
      const known = request instanceof SidLookup ? request : this.#parts.requestOf(request);
      if (known === undefined) return this.#withoutRequest(store);
      return new MigratingStore(
        this.keepingEnds(store),
        this.migrator,
        this.phase,
        middlewareTarget(this.#parts, known),
      );
    };
    return {
      storeFor: (request) => {
        const store = provider.storeFor(request instanceof SidLookup ? undefined : request);
        return store instanceof Promise ? store.then((each) => wrap(each, request)) : wrap(store, request);
      },
      close: provider.close,
    };
  }

  /** The cookie of the middleware is the other library's. */
  readCookies(): readonly ForeignCookie[] {
    return [];
  }

  /** The middleware asks at each commit. */
  ownerOf(): null {
    return null;
  }

  /** Beside the other library, most sessions are where a tool could not find them: it is not offered what finds the rest. */
  #withoutRequest(store: SessionStore): SessionStore {
    const kept = this.keepingEnds(store);
    if (this.phase === 'convert') return kept;
    return singleStoreMethods(kept);
  }
}

function singleStoreMethods(store: SessionStore): SessionStore {
  return {
    now: () => store.now(),
    load: (...args) => store.load(...args),
    create: (...args) => store.create(...args),
    save: (...args) => store.save(...args),
    rekey: (...args) => store.rekey(...args),
    take: (...args) => store.take(...args),
    destroy: (...args) => store.destroy(...args),
    close: () => store.close(),
  };
}
