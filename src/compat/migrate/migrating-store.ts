import { toWholeSecond } from '../../internal/whole-second.ts';
import type { MigrationPhase } from '../../engine/migration.ts';
import { changedFields, matchesExpected, sizeBeyond } from '../../stores/memory/memory-record.ts';
import type {
  CreateOutcome,
  DestroyOutcome,
  EndExplanation,
  FoundRecord,
  LoadResult,
  NewRecord,
  NewTombstone,
  RecordChange,
  RecordKey,
  RecordRekey,
  RekeyOutcome,
  SaveOutcome,
  SessionStore,
  Stored,
  TakeOutcome,
} from '../../stores/store.ts';
import { anonymousMeta } from '../express-session/anonymous-record.ts';
import type { MigratingSessionStore } from '../express-session/migration.ts';
import { tooManyChanges, type Migrator, type Target } from './migrator.ts';
import type { StoredString } from './old-sessions.ts';
import type { OldSession } from './options.ts';

/** What a store has to know of its request. */
export interface RequestTarget extends Target {
  /** Returns the session id of a record; `undefined` for one that the other library cannot have. */
  sidOf(key: RecordKey): string | undefined;
  /** Returns a session as the other library stores it. @param before what is stored now */
  encode(fields: Readonly<Record<string, Stored>>, before: OldSession | null): OldSession;
  /** Seconds that a session can live of which nothing is known. */
  readonly longestTimeout: number;
}

/** Each failure means that another one has written, so that as many writers at once can do their work. */
const MAX_ATTEMPTS = 500;

type Change<Outcome> = (
  fields: Readonly<Record<string, Stored>>,
) => Outcome | { readonly fields: FoundRecord['fields'] };

/**
 * The store of one request while a migration lasts. Sessions of the other library are converted when they are read, or,
 * in the phase `beside`, are read and changed as they are, one field with the other.
 */
export class MigratingStore implements MigratingSessionStore {
  readonly #store: SessionStore;
  readonly #migrator: Migrator;
  readonly #phase: MigrationPhase;
  readonly #target: RequestTarget;
  /** What the request has read of the other library's sessions, by their ids. */
  readonly #known = new Map<string, StoredString>();
  readonly #looked = new Set<string>();
  /** Seconds that sessions live, by their handles. */
  readonly #timeouts = new Map<string, number>();

  constructor(store: SessionStore, migrator: Migrator, phase: MigrationPhase, target: RequestTarget) {
    this.#store = store;
    this.#migrator = migrator;
    this.#phase = phase;
    this.#target = target;
  }

  /** Returns whether a record that this request has read or made is in the other library's form. */
  isForeign(key: RecordKey): boolean {
    const sid = this.#sidOf(key);
    return sid !== undefined && this.#known.has(sid);
  }

  now(): Promise<number> {
    return this.#store.now();
  }

  async load(key: RecordKey, bypassCache = false, explainEnds = 0): Promise<LoadResult | undefined> {
    const sid = this.#sidOf(key);
    if (sid === undefined) return await this.#store.load(key, bypassCache, explainEnds);
    const record =
      this.#phase === 'convert'
        ? await this.#migrator.adopt(this.#store, key, sid, this.#target, bypassCache, explainEnds)
        : await this.#loadBeside(key, sid, bypassCache, explainEnds);
    if (record?.status === 'found') this.#timeouts.set(key.handle, record.meta.timeout.seconds);
    return record;
  }

  async create(key: RecordKey, record: NewRecord): Promise<CreateOutcome> {
    const sid = this.#sidOf(key);
    if (sid === undefined || this.#phase === 'convert') return await this.#store.create(key, record);
    if ((await this.#store.load(key, true)) !== undefined) return { status: 'exists' };
    const session = this.#target.encode(Object.fromEntries(record.fields), null);
    const now = await this.#migrator.old.write(sid, '', session);
    if (typeof now !== 'number') return { status: 'exists' };
    this.#known.set(sid, { digest: '', left: 0, now, session, isClaimed: false });
    this.#timeouts.set(key.handle, record.timeout.seconds);
    return { status: 'ok', now, evicted: [] };
  }

  async save(key: RecordKey, change: RecordChange): Promise<SaveOutcome> {
    const outcome = await this.#change<SaveOutcome>(key, (fields) => {
      if (!matchesExpected(fields, change, false)) return { status: 'conflict', fields };
      const changed = changedFields(fields, change);
      const size = sizeBeyond(change.maxSize, fields, changed);
      return size === null ? { fields: changed } : { status: 'too-large', size };
    });
    return outcome ?? (await this.#store.save(key, change));
  }

  async rekey(from: RecordKey, to: RecordKey, rekey: RecordRekey): Promise<RekeyOutcome> {
    const sid = this.#sidOf(from);
    if (sid === undefined) return await this.#store.rekey(from, to, rekey);
    // The other library has no form for what needs this.
    if (this.isForeign(from)) await this.#migrator.adopt(this.#store, from, sid, this.#target);
    this.#known.delete(sid);
    const tombstone = this.#migrator.keep(rekey.tombstone, this.#timeouts.get(from.handle));
    return await this.#store.rekey(from, to, { ...rekey, tombstone });
  }

  async take(key: RecordKey, prefix: string): Promise<TakeOutcome> {
    let taken: Record<string, Stored> = {};
    const outcome = await this.#change<TakeOutcome>(key, (fields) => {
      const entries = Object.entries(fields);
      taken = Object.fromEntries(entries.filter(([name]) => name.startsWith(prefix)));
      return { fields: Object.fromEntries(entries.filter(([name]) => !name.startsWith(prefix))) };
    });
    if (outcome === null) return await this.#store.take(key, prefix);
    return outcome.status === 'ok' ? { status: 'ok', fields: taken, now: outcome.now } : outcome;
  }

  async destroy(
    key: RecordKey,
    tombstone: NewTombstone | null = null,
    explanation: EndExplanation | null = null,
  ): Promise<DestroyOutcome> {
    const sid = this.#sidOf(key);
    if (sid === undefined) return await this.#store.destroy(key, tombstone, explanation);
    this.#known.delete(sid);
    const seconds = this.#timeouts.get(key.handle) ?? this.#target.longestTimeout;
    return await this.#migrator.end(this.#store, key, sid, seconds, tombstone, explanation);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** The ids of owned sessions are ours. */
  #sidOf(key: RecordKey): string | undefined {
    return key.ownerHash === null ? this.#target.sidOf(key) : undefined;
  }

  async #loadBeside(
    key: RecordKey,
    sid: string,
    bypassCache: boolean,
    explainEnds: number,
  ): Promise<LoadResult | undefined> {
    this.#known.delete(sid);
    this.#looked.add(sid);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const looked = await this.#migrator.look(this.#store, key, sid, bypassCache || attempt > 0, explainEnds);
      if (looked.form === 'ours') return looked.record;
      const { stored } = looked;
      if (!stored.isClaimed) {
        this.#known.set(sid, stored);
        return this.#recordOf(key, stored.session, stored);
      }
      await this.#migrator.convert(this.#store, key, sid, stored, this.#target);
    }
    throw tooManyChanges();
  }

  #recordOf(key: RecordKey, session: OldSession, { left, now }: StoredString): FoundRecord {
    const timeout = this.#target.timeoutOf(session);
    const lastSeen = left < 0 ? now : now - Math.max(0, timeout.seconds * 1000 - left);
    const cookie = { sentAt: toWholeSecond(now), attributes: this.#target.cookieAttributes() };
    return {
      status: 'found',
      meta: anonymousMeta({ createdAt: toWholeSecond(lastSeen), timeout, cookie }),
      lastSeen: toWholeSecond(lastSeen),
      fields: Object.fromEntries(this.#target.fieldsOf(session, key.handle)),
      now,
    };
  }

  /**
   * Changes a session in the other library's form, and again where another writer has been faster.
   * @returns `null` when it is not, or no longer, stored in this form
   */
  async #change<Outcome>(
    key: RecordKey,
    change: Change<Outcome>,
  ): Promise<Outcome | { readonly status: 'ok'; readonly now: number; readonly evicted: readonly string[] } | null> {
    const sid = this.#sidOf(key);
    if (sid === undefined || this.#phase === 'convert') return null;
    const { old } = this.#migrator;
    if (!this.#looked.has(sid) && !this.#known.has(sid)) await this.#loadBeside(key, sid, true, 0);
    let stored = this.#known.get(sid);
    if (stored === undefined) return null;
    // What this request has written itself is read again: its digest is not known.
    if (stored.digest === '') stored = await old.read(sid);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (stored === undefined || stored.session === null || stored.isClaimed) {
        this.#known.delete(sid);
        if (stored?.isClaimed) await this.#migrator.convert(this.#store, key, sid, stored, this.#target);
        return null;
      }
      const fields = Object.fromEntries(this.#target.fieldsOf(stored.session, key.handle));
      const changed = change(fields);
      if ('status' in (changed as object)) return changed as Outcome;
      const next = (changed as { readonly fields: FoundRecord['fields'] }).fields;
      const written: number | StoredString | undefined =
        next === fields ? await this.#touch(sid, stored.session) : await this.#write(sid, stored, next);
      if (typeof written === 'number') return { status: 'ok', now: written, evicted: [] };
      stored = written;
    }
    throw tooManyChanges();
  }

  async #touch(sid: string, session: OldSession): Promise<number | undefined> {
    const fields = Object.fromEntries(this.#target.fieldsOf(session, ''));
    return (await this.#migrator.old.touch(sid, this.#target.encode(fields, session))) ?? undefined;
  }

  async #write(
    sid: string,
    { digest, session: before }: StoredString,
    fields: FoundRecord['fields'],
  ): Promise<number | StoredString | undefined> {
    const session = this.#target.encode(fields, before);
    const written = await this.#migrator.old.write(sid, digest, session);
    if (typeof written === 'number') {
      this.#known.set(sid, { digest: '', left: 0, now: written, session, isClaimed: false });
    }
    return written;
  }
}
