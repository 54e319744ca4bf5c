import { SessionError } from '../../errors.ts';
import type {
  DestroyOutcome,
  EndExplanation,
  IdleTimeout,
  LoadResult,
  NewRecord,
  NewTombstone,
  RecordKey,
  SessionStore,
  Stored,
  Tombstone,
} from '../../stores/store.ts';
import { anonymousRecord } from '../express-session/anonymous-record.ts';
import { OldSessions, type StoredString } from './old-sessions.ts';
import type { NormalizedSource, OldSession } from './options.ts';

/** What sessions of the other library become. */
export interface Target {
  /** Returns the engine's id for a session id. */
  idOf(sid: string): string;
  /** Returns the fields of a record, serialised. */
  fieldsOf(session: OldSession, handle: string): Map<string, Stored>;
  timeoutOf(session: OldSession): IdleTimeout;
  /** What the engine notices a change of the cookie's attributes by. */
  cookieAttributes(): string;
  /** Seconds; 0 for none. */
  readonly absoluteTimeout: number;
}

/**
 * Seconds that the end of a session is remembered beyond the time that it could have lived: a server of the other library
 * that is still answering a request writes its session again.
 */
const LATE_WRITES_SECONDS = 3600;

const MAX_ATTEMPTS = 20;

/** What has become of a session: `known` when there was a record of it, or it had ended. */
export type Conversion = 'converted' | 'known' | 'changed';

/** A session in the form in which it was found. */
export type Looked =
  | { readonly form: 'ours'; readonly record: LoadResult | undefined }
  | { readonly form: 'foreign'; readonly stored: StoredString & { readonly session: OldSession } };

/** Moves sessions of the other library into a store of ours, each once, and remembers which have ended. */
export class Migrator {
  readonly old: OldSessions;
  readonly #source: NormalizedSource;

  constructor(source: NormalizedSource) {
    this.#source = source;
    this.old = new OldSessions(source);
  }

  /** Returns what is stored as a record of ours; `'ended'` for a session that has ended, also where a late write has left something. */
  async #find(
    store: SessionStore,
    key: RecordKey,
    sid: string,
    bypassCache: boolean,
    explainEnds: number,
  ): Promise<LoadResult | 'ended' | undefined> {
    const found = await store.load(key, bypassCache, explainEnds);
    if (found?.status !== 'tombstone' || !isEnd(found)) return found;
    await this.old.remove(sid);
    return 'ended';
  }

  /** Returns the record of a session id, which is made of the other library's session if there is none yet. */
  async adopt(
    store: SessionStore,
    key: RecordKey,
    sid: string,
    target: Target,
    bypassCache = false,
    explainEnds = 0,
  ): Promise<LoadResult | undefined> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const looked = await this.look(store, key, sid, bypassCache || attempt > 0, explainEnds);
      if (looked.form === 'ours') return looked.record;
      await this.convert(store, key, sid, looked.stored, target);
    }
    throw tooManyChanges();
  }

  /** Returns a session in the form in which it is: as a record of ours, `undefined` for none, or as the other library's. */
  async look(
    store: SessionStore,
    key: RecordKey,
    sid: string,
    bypassCache: boolean,
    explainEnds: number,
  ): Promise<Looked> {
    const found = await this.#find(store, key, sid, bypassCache, explainEnds);
    if (found !== undefined) return ours(found);
    const stored = await this.old.read(sid);
    // Another request may have converted it between the two looks.
    if (stored === undefined) return ours(await this.#find(store, key, sid, true, explainEnds));
    const { session } = stored;
    if (session === null) return ours({ status: 'corrupt', reason: 'unparsable' });
    return { form: 'foreign', stored: { ...stored, session } };
  }

  /**
   * Makes a record of a session. First it is claimed, so that no other change of it takes effect; then the record is made,
   * by the first of those that find the claim; and then it is deleted. A tombstone remains of a record that has ended, so
   * that who was late does not make it again.
   *
   * @param expiresIn seconds that the record lives until it is used; 0 for its idle timeout
   * @returns what has become of it: `changed` when another writer was faster, so that nothing was done
   */
  async convert(
    store: SessionStore,
    key: RecordKey,
    sid: string,
    stored: StoredString,
    target: Target,
    expiresIn = 0,
  ): Promise<Conversion> {
    const record = this.#recordOf(key, stored, target, expiresIn);
    const digest = stored.isClaimed ? stored.digest : await this.old.claim(sid, stored);
    if (digest === null) return 'changed';
    const { status } = await store.create(key, record);
    await this.old.remove(sid, digest);
    return status === 'ok' ? 'converted' : 'known';
  }

  /** Ends a session in whichever form it is stored, and remembers it. @param seconds that it could have lived */
  async end(
    store: SessionStore,
    key: RecordKey,
    sid: string,
    seconds: number,
    tombstone: NewTombstone | null,
    explanation: EndExplanation | null,
  ): Promise<DestroyOutcome> {
    const kept = this.keep(tombstone, seconds);
    const outcome = await store.destroy(key, kept, explanation);
    if (outcome.status === 'gone') {
      if ((await this.old.read(sid)) === undefined) return outcome;
      // Where no record is, none can leave a tombstone.
      await store.create(key, anonymousRecord(kept.keep));
      await store.destroy(key, kept);
    }
    const existed = await this.old.remove(sid);
    return outcome.status === 'gone' && existed ? { status: 'ok', now: await store.now(), evicted: [] } : outcome;
  }

  /** Returns what is to remain of a record, for long enough. @param seconds that its session could have lived */
  keep(tombstone: NewTombstone | null, seconds: number = this.#source.ttl ?? 0): NewTombstone {
    const { nonce = '', namesSuccessor = false, grace = 0, keep = 0 } = tombstone ?? {};
    return { nonce, namesSuccessor, grace, keep: Math.max(keep, seconds + LATE_WRITES_SECONDS) };
  }

  #recordOf(key: RecordKey, { session, left }: StoredString, target: Target, expiresIn: number): NewRecord {
    const { disableTouch } = this.#source;
    return {
      ...anonymousRecord(0, target.fieldsOf(session!, key.handle), target.cookieAttributes()),
      timeout: target.timeoutOf(session!),
      // Where a use did not renew the time that a session lives, it ends when it would have ended.
      absoluteTimeout: disableTouch && left > 0 ? Math.ceil(left / 1000) : target.absoluteTimeout,
      ...(expiresIn > 0 && { expiresIn }),
    };
  }
}

function ours(record: LoadResult | 'ended' | undefined): Looked {
  return { form: 'ours', record: record === 'ended' ? undefined : record };
}

/** Returns whether a tombstone leads nowhere, and its grace is over. */
function isEnd({ nonce, successor, graceUntil, now }: Tombstone): boolean {
  return nonce === '' && successor === '' && now >= graceUntil;
}

export function tooManyChanges(): SessionError {
  return new SessionError(
    'ERR_SESSION_CONFLICT',
    'Other requests changed the session so often that it could not be written: send the request again',
  );
}
