import type { SessionContext } from '../engine/context.ts';
import { unsupported } from '../errors.ts';
import { withStoreErrorEvent } from '../events.ts';
import { checkDate, checkNames, checkNumber, checkOwner, expected } from '../internal/validate.ts';
import { hasAuditTrail, type AuditEvent, type AuditQuery, type AuditRecord, type AuditTrail } from '../stores/store.ts';

/** One entry of an owner's audit trail. It has no id, no cookie and no field's value. */
export interface AuditEntry {
  /** Opaque; where a further read goes on. */
  readonly id: string;
  /** By the store's clock. */
  readonly at: Date;
  readonly event: AuditEvent;
  /** The public name of the session, after the event. */
  readonly handle: string;
  /** The handle before a login or a rotation; `null` where there was none. */
  readonly previous: string | null;
  /** How the owner authenticated, of a login. */
  readonly method: string | null;
  /** Who has ended the session, if the application said so: `owners.revoke(owner, { by })`. */
  readonly by: string | null;
}

export interface AuditReadOptions {
  owner: string;
  /** No older entries. Default: as old as they are kept. */
  since?: Date;
  /** The `id` of the last entry that was read: goes on after it, with older ones. Default: from the newest on. */
  after?: string;
  /** Default 100, at most 10000. */
  limit?: number;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;
/** Time, count and the number of the secret, if it is not the first. */
const CURSOR = /^(\d{1,15})-(\d{1,15})(?:\.(\d{1,3}))?$/;

/** Where an entry is among those of all secrets: of two with the same time and count, that of the newer secret first. */
interface Position {
  readonly at: number;
  readonly count: number;
  readonly secret: number;
}

/** The audit trails of owners, with the option `audit`. */
export class Audit {
  readonly #context: SessionContext;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /**
   * Returns what has happened to an owner's sessions, newest first.
   *
   * @example
   * ```ts
   * for (const { at, event, by } of await factory.audit.read({ owner: user.id })) console.log(at, event, by);
   * ```
   * @throws {SessionError} rejects with `ERR_SESSION_UNSUPPORTED` when the factory or its store keeps no trails
   * @throws {TypeError} rejects for another owner than a non-empty string, or another option that is wrong
   */
  read(options: AuditReadOptions): Promise<readonly AuditEntry[]> {
    return withStoreErrorEvent(this.#context.events, 'audit', async () => {
      checkNames('options', options, ['owner', 'since', 'after', 'limit']);
      const { since, after, limit = DEFAULT_LIMIT } = options;
      const ownerHashes = this.#context.keyring.ownerHashes(checkOwner(options.owner));
      checkNumber('limit', limit, { of: 'of entries', min: 1, max: MAX_LIMIT });
      const cursor = after === undefined ? null : parseCursor(after);
      checkDate('since', since);
      const oldest = Math.max(0, since?.getTime() ?? 0);
      const store = await this.#store();
      const until = cursor === null ? null : `${cursor.at}-${cursor.count}`;
      const found: { readonly position: Position; readonly record: AuditRecord }[] = [];
      for (const [secret, ownerHash] of ownerHashes.entries()) {
        // One more, because that of the cursor may be among them.
        const query: AuditQuery = { since: oldest, until, limit: limit + 1 };
        for (const record of await store.readAudit(ownerHash, query)) {
          const position = { ...parseId(record.id), secret };
          if (cursor === null || isBefore(cursor, position)) found.push({ position, record });
        }
      }
      found.sort((a, b) => (isBefore(a.position, b.position) ? -1 : 1));
      return found.slice(0, limit).map(({ position, record }) => describe(record, position.secret));
    });
  }

  async #store(): Promise<AuditTrail> {
    if (this.#context.config.audit === null) throw unsupported('There are no audit trails: set `audit`');
    const store = await this.#context.storeFor(undefined);
    if (hasAuditTrail(store)) return store;
    throw unsupported('The store keeps no audit trails: it has no `readAudit`');
  }
}

function describe({ id, at, event, handle, previous, method, by }: AuditRecord, secret: number): AuditEntry {
  return { id: secret === 0 ? id : `${id}.${secret}`, at: new Date(at), event, handle, previous, method, by };
}

function parseCursor(after: unknown): Position {
  const match = typeof after === 'string' ? CURSOR.exec(after) : null;
  if (match === null) throw expected('after', 'the `id` of an entry', after);
  return { at: Number(match[1]), count: Number(match[2]), secret: Number(match[3] ?? 0) };
}

function parseId(id: string): Omit<Position, 'secret'> {
  const [at = 0, count = 0] = id.split('-').map(Number);
  return { at, count };
}

/** Returns whether `a` comes before `b` in what is read, newest first. */
function isBefore(a: Position, b: Position): boolean {
  if (a.at !== b.at) return a.at > b.at;
  return a.count === b.count ? a.secret < b.secret : a.count > b.count;
}
