import { handleOf, randomId } from '../../crypto/keyring.ts';
import { SessionError } from '../../errors.ts';
import type { NormalizedOptions } from './options.ts';
import type { SessionRequest } from './request.ts';
import { engineIdOf, strengthen } from './session-id.ts';

/** The session ids that one request knows, and the engine's ids for them. */
export class RequestIds {
  readonly #genid: NormalizedOptions['genid'];
  readonly #req: SessionRequest;
  /** By the engine's ids, where they differ. */
  readonly #byId = new Map<string, string>();
  readonly #byHandle = new Map<string, string>();
  readonly #needsHandles: boolean;
  #fresh: string | null = null;

  constructor({ genid, expressStore, migrateFrom }: NormalizedOptions, req: SessionRequest) {
    this.#genid = genid;
    this.#req = req;
    this.#needsHandles = expressStore !== null || migrateFrom !== null;
  }

  /** The id that was last made for a session that is not stored yet. */
  get fresh(): string | null {
    return this.#fresh;
  }

  /** Makes an id known; returns the engine's. */
  register(sid: string): string {
    const id = engineIdOf(sid);
    if (id !== sid) this.#byId.set(id, sid);
    if (this.#needsHandles) this.#byHandle.set(handleOf(id), sid);
    return id;
  }

  /** Makes an id for a new session; returns the engine's. */
  create(): string {
    this.#fresh = this.#genid === null ? randomId() : strengthen(this.#genid(this.#req));
    return this.register(this.#fresh);
  }

  /** Returns the session id for one of the engine's. */
  sidOf(id: string): string {
    return this.#byId.get(id) ?? id;
  }

  /** Returns the session id of a record; `undefined` where this request does not know it. */
  findByHandle(handle: string): string | undefined {
    return this.#byHandle.get(handle);
  }

  /** Returns the session id of a record. */
  sidOfHandle(handle: string): string {
    const sid = this.findByHandle(handle);
    if (sid === undefined) throw new SessionError('ERR_SESSION_UNSUPPORTED', 'The id of a session is not known');
    return sid;
  }
}
