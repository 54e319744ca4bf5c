import { createHash } from 'node:crypto';
import { ResilientDriver } from '../../stores/redis/connection/resilient-driver.ts';
import { driverFor } from '../../stores/redis/clients/detect.ts';
import type { RedisDriver, Reply } from '../../stores/redis/driver.ts';
import { storeError } from '../../stores/redis/errors.ts';
import { escapeGlob } from '../../stores/redis/keys.ts';
import type { NormalizedSource, OldSession } from './options.ts';
import { scripts, type ScriptName } from './scripts.generated.ts';

/** A session of another library as it is stored. */
export interface StoredString {
  /** What identifies exactly this string. */
  readonly digest: string;
  /** Milliseconds that it has left; -1 for no end. */
  readonly left: number;
  /** Milliseconds: the server's clock. */
  readonly now: number;
  /** `null` for what cannot be read. */
  readonly session: OldSession | null;
  /** Whether a server is about to make a record of ours of it, or has done so: nothing else may change it. */
  readonly isClaimed: boolean;
}

/** What a claimed session has besides its fields. Servers of the other library can still read it. */
export const CLAIM = 'websauna-session:claimed';

// Codes of the scripts `read` and `write`.
const ABSENT = 0;
const OTHER_TYPE = 2;
const WRITTEN = 3;

/** Seconds that a command may take. */
const TIMEOUT = 2;

/** The sessions that another library keeps as strings in Redis. Each operation is atomic for one of them. */
export class OldSessions {
  readonly #driver: RedisDriver;
  readonly #source: NormalizedSource;

  constructor(source: NormalizedSource) {
    this.#source = source;
    this.#driver = new ResilientDriver(driverFor(source.client, 'migrateFrom.client'), { timeout: TIMEOUT });
  }

  /** Returns what is stored; `undefined` for nothing. */
  async read(sid: string): Promise<StoredString | undefined> {
    return await this.#stored(await this.#run('read', 'load', sid, []));
  }

  /**
   * Stores a session if what is stored is still what was read; returns the server's clock, or else what is stored.
   * @param digest of what was read; '' for nothing
   */
  async write(sid: string, digest: string, session: OldSession): Promise<number | StoredString | undefined> {
    const left = this.#source.timeToLive(session);
    if (left !== null && left <= 0) {
      // As connect-redis does it.
      const [code, now] = await this.#run('remove', 'save', sid, [digest]);
      return code === 1 ? Number(now) : await this.read(sid);
    }
    const text = this.#source.serializer.stringify(session);
    const reply = await this.#run('write', 'save', sid, [digest, text, String(left ?? 0)]);
    return reply[0] === WRITTEN ? Number(reply[1]) : await this.#stored(reply);
  }

  /** Claims a session if what is stored is still what was read; returns its digest from then on, or `null` if it is not. */
  async claim(sid: string, { digest, session }: StoredString): Promise<string | null> {
    const text = this.#source.serializer.stringify({ ...session, [CLAIM]: 1 });
    const [code] = await this.#run('write', 'load', sid, [digest, text, '']);
    return code === WRITTEN ? createHash('sha1').update(text).digest('hex') : null;
  }

  /** Renews the time that a session lives; returns the server's clock, or `null` where there is none. */
  async touch(sid: string, session: OldSession): Promise<number | null> {
    const left = this.#source.disableTouch ? null : this.#source.timeToLive(session);
    const [code, now] =
      left === null ? await this.#run('read', 'save', sid, []) : await this.#run('touch', 'save', sid, [String(left)]);
    return code === 1 ? Number(now) : null;
  }

  /** Deletes a session; returns whether there was one. @param digest only if this is stored */
  async remove(sid: string, digest = ''): Promise<boolean> {
    const [code] = await this.#run('remove', 'destroy', sid, [digest]);
    return code === 1;
  }

  /** Returns the ids of all sessions, in pages; one may come more than once. */
  async *scan(count: number): AsyncGenerator<string[]> {
    const { prefix } = this.#source;
    try {
      for await (const names of this.#driver.scan(`${escapeGlob(prefix)}*`, count))
        yield names.map((name) => name.slice(prefix.length));
    } catch (error) {
      throw storeError('find', error);
    }
  }

  async #run(name: ScriptName, verb: string, sid: string, args: readonly string[]): Promise<readonly Reply[]> {
    try {
      return await this.#driver.evaluate(scripts[name], [this.#source.prefix + sid], args, false);
    } catch (error) {
      throw storeError(verb, error);
    }
  }

  async #stored([code, now, left, digest, text]: readonly Reply[]): Promise<StoredString | undefined> {
    if (code === ABSENT) return undefined;
    if (code === OTHER_TYPE) return { digest: '', left: -1, now: Number(now), session: null, isClaimed: false };
    const session = await this.#parse(String(text));
    const isClaimed = session !== null && Object.hasOwn(session, CLAIM);
    if (isClaimed) delete session[CLAIM];
    return { digest: String(digest), left: Number(left), now: Number(now), session, isClaimed };
  }

  async #parse(text: string): Promise<OldSession | null> {
    try {
      const session: unknown = await this.#source.serializer.parse(text);
      return typeof session === 'object' && session !== null && !Array.isArray(session)
        ? (session as OldSession)
        : null;
    } catch {
      return null;
    }
  }
}
