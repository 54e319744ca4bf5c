import type { DiscardReason, EndReason } from '../events.ts';
import type { Exchange } from '../exchange.ts';
import type { SessionContext } from './context.ts';
import type { EndedSession } from './explanation.ts';
import { Epoch, type BegunLogin, type BoundRecord, type EpochEnd, type PendingLogin } from './epoch.ts';
import { fieldName } from './field-names.ts';
import { UnreadableField } from './stored-fields.ts';
import { PendingEnds, type PendingEnd } from './pending-ends.ts';
import { RequestState } from './request-state.ts';

/**
 * Whether the session can be used:
 * - `unloaded`: not before `load()`
 * - `ready`: yes
 * - `degraded`: empty and read-only, because the store failed
 * - `lost`: empty, and what is written is discarded, because the session was ended or taken over elsewhere
 * - `ignored`: likewise, because the URL has no sessions
 */
export type Phase = 'unloaded' | 'ready' | 'degraded' | 'lost' | 'ignored';

/** Why a session is lost: it has ended; a login took it over; it goes on under an id that this client may not learn. */
export type LossReason = 'gone' | 'superseded' | 'rotated';

const NO_ENDS: readonly PendingEnd[] = [];

/** One session during one request. Only its methods change it; what is the current session's is in its epoch. */
export class SessionState extends RequestState {
  #phase: Phase = 'ready';
  #epoch: Epoch;
  #loading: Promise<void> | null = null;
  #isNew = true;
  #lossReason: LossReason | null = null;
  #endedBefore: EndedSession | null = null;
  /** `null` while there are none: most requests end nothing. */
  #pendingEnds: PendingEnds | null = null;

  constructor(context: SessionContext, exchange: Exchange) {
    super(context, exchange);
    this.#epoch = this.#newEpoch();
  }

  get phase(): Phase {
    return this.#phase;
  }

  get epoch(): Epoch {
    return this.#epoch;
  }

  /** The stored record of the current session; `null` while nothing is stored. */
  get record(): BoundRecord | null {
    return this.#epoch.record;
  }

  get lossReason(): LossReason | null {
    return this.#lossReason;
  }

  /** True when there was no stored session when the request began, or it has ended since. */
  get isNew(): boolean {
    return this.#isNew;
  }

  get pendingEnds(): readonly PendingEnd[] {
    return this.#pendingEnds?.list ?? NO_ENDS;
  }

  /** The sessions that the request ends; made when it is first asked for. */
  get ends(): PendingEnds {
    return (this.#pendingEnds ??= new PendingEnds());
  }

  /** Why and when the session of the request's cookie has ended; `null` when that is not known. */
  get endedBefore(): EndedSession | null {
    return this.#endedBefore;
  }

  // Loading.

  markIgnored(): void {
    this.#phase = 'ignored';
  }

  markUnloaded(): void {
    this.#phase = 'unloaded';
  }

  /** Loads once, however often it is asked to; again after a failure. */
  loadOnce(load: () => Promise<void>): Promise<void> {
    this.#loading ??= load().catch((error: unknown) => {
      this.#loading = null;
      throw error;
    });
    return this.#loading;
  }

  /** Ends the loading of a session. */
  markLoaded(): void {
    if (this.#phase === 'unloaded') this.#phase = 'ready';
  }

  /** Goes on with an empty session that cannot be written, because the store failed. */
  markDegraded(): void {
    this.#epoch = this.#newEpoch();
    this.#isNew = true;
    this.#phase = 'degraded';
  }

  /** Binds the session to the record that its cookie opened. */
  bindLoaded(record: BoundRecord): void {
    this.clientCookie.compareAttributes(this.cookie, record);
    this.#isNew = false;
    this.#endedBefore = null;
    this.#epoch.bind(record);
    this.#pendingEnds?.keepCookie();
  }

  /** Records why the session of a cookie has ended. Of several cookies, the first explains it. */
  explainEnd(ended: EndedSession): void {
    if (this.context.config.explainEnds > 0) this.#endedBefore ??= ended;
  }

  // Use.

  /** Gives a new session its initial data, once. */
  applyInitialData(): void {
    if (this.#phase === 'ready') this.#epoch.setInitialData(this.context.config, this.exchange.request);
  }

  /**
   * Returns a field's value. If one field of a record cannot be read, the others are not trusted either: the session
   * begins again, and keeps what this request wrote.
   */
  read(name: string): unknown {
    try {
      return this.#epoch.fields.get(name);
    } catch (error) {
      if (!(error instanceof UnreadableField)) throw error;
      this.discardCorrupt(this.#epoch);
      return this.#epoch.fields.get(name);
    }
  }

  // Ends.

  /** Ends the session at the commit; what follows belongs to a new one. */
  end(reason: EndReason): void {
    this.ends.addSession(this.record, reason);
    this.#replaceEpoch('ended');
    this.#beginAgain();
  }

  /** Records that the store has ended the session for this request: what follows belongs to a new one. */
  endAcknowledged(): void {
    if (this.record?.fromClient === true) this.clientCookie.acknowledgeEnd();
    this.#replaceEpoch('ended');
  }

  /** Ends at the commit a record that was on its way to the store when the request ended its session. */
  endLateRecord(record: BoundRecord): void {
    this.ends.addLate(record);
  }

  /** Records that the store has carried out the first of the pending ends, and returns it. */
  endCarriedOut(existed: boolean): PendingEnd {
    const end = this.ends.takeFirst();
    if (existed && end.deletesCookie) this.clientCookie.acknowledgeEnd();
    return end;
  }

  /**
   * Marks the session as lost: it was ended or taken over elsewhere. If this request has asked for a login, that is still
   * to come, and begins a session with what the request itself wrote.
   */
  lose(epoch: Epoch, reason: LossReason): void {
    if (epoch !== this.#epoch) return;
    const { login, begunLogin, timeout } = epoch.pending;
    if (login !== null) {
      this.#replaceEpoch('lost', epoch);
      Object.assign(this.#epoch.pending, { login, begunLogin, timeout });
      return;
    }
    this.#replaceEpoch('lost');
    this.#phase = 'lost';
    this.#lossReason = reason;
  }

  /** Starts out as a session that was taken over elsewhere. */
  startLost(reason: LossReason): void {
    this.#phase = 'lost';
    this.#lossReason = reason;
  }

  /** Leaves an unreadable record alone and goes on with what the request wrote. */
  discardCorrupt(epoch: Epoch): void {
    if (epoch !== this.#epoch || epoch.record === null) return;
    const { key } = epoch.record;
    this.context.events.emit('rejected', {
      handle: key.handle,
      reason: 'corrupt',
      detail: 'unparsable',
      clientAddress: this.exchange.clientAddress,
    });
    this.ends.rememberCorrupt(key);
    const { login, begunLogin, timeout } = epoch.pending;
    this.#replaceEpoch('lost', epoch);
    Object.assign(this.#epoch.pending, { login, begunLogin, timeout });
  }

  /** Discards what the request wrote and asked for, except that sessions which it ends stay ended. */
  discardChanges(reason: DiscardReason, epoch: Epoch = this.#epoch): void {
    this.context.events.emit('discarded', { handle: epoch.handle, reason });
    epoch.fields.discardChanges();
    epoch.pending.clear();
  }

  // Login.

  /**
   * Marks a login for the commit. One as another owner begins a session of its own, with what the login keeps of the
   * present one, and ends that with it.
   */
  requestLogin(login: PendingLogin): void {
    const { pending } = this.#epoch;
    pending.begunLogin = null;
    if (login.timeout !== null) pending.timeout = null;
    if (this.#isOfAnother(login)) this.#switchAccount(login);
    this.#epoch.pending.login = login;
    this.#beginAgain();
  }

  /** Returns whether the session is stored as another owner's. */
  #isOfAnother({ owner }: PendingLogin): boolean {
    const present = this.record?.meta.owner ?? null;
    return present !== null && present !== owner;
  }

  #switchAccount(login: PendingLogin): void {
    const kept = this.#readKept(login);
    const left = this.#epoch;
    // What cannot be read is no other owner's session any longer.
    if (left.record === null) return;
    this.#replaceEpoch('left', left);
    this.#epoch.fields.takeFields(left.fields, kept);
    Object.assign(this.#epoch.pending, { login, timeout: left.pending.timeout });
    this.ends.switchFrom(left);
  }

  /** Reads the fields that a login keeps of another owner's session, and returns their names. */
  #readKept({ keep }: PendingLogin): string[] {
    const names = (keep === true ? this.#epoch.fields.keys() : keep).map(fieldName);
    for (const name of names) {
      this.read(name);
      this.#epoch.fields.markInPlaceChange(name);
    }
    return names;
  }

  /** Marks the first factor of a login for the commit. */
  requestBegunLogin(begunLogin: BegunLogin): void {
    const { pending } = this.#epoch;
    pending.begunLogin = begunLogin;
    pending.rotation = this.record === null ? null : 'immediate';
    this.#beginAgain();
  }

  /** Makes a lost session usable again, for what follows its end, or a login that has taken it over. */
  #beginAgain(): void {
    if (this.#phase === 'lost') this.#phase = 'ready';
  }

  /**
   * Turns a login into an account switch where the session has become another owner's since it was asked for: the login
   * must not take that session over.
   */
  separateOwners(): void {
    const { login } = this.#epoch.pending;
    if (login !== null && this.#isOfAnother(login)) this.#switchAccount(login);
  }

  /** Records that the store has refused a login: the client keeps the session that it had. */
  loginRefused(epoch: Epoch): void {
    epoch.pending.login = null;
    const left = epoch === this.#epoch ? (this.#pendingEnds?.takeSwitched() ?? null) : null;
    if (left === null) return;
    epoch.close('left');
    this.#epoch = left;
    left.reopen();
    this.#isNew = false;
  }

  // The response.

  /** Records that the store has acknowledged an id that the client may have. */
  acknowledge(epoch: Epoch): void {
    if (epoch === this.#epoch) this.clientCookie.acknowledge(epoch.record!.id);
  }

  protected override reportLateRead(): void {
    if (this.#phase === 'ignored') return;
    this.context.events.emit('lateRead', { handle: this.#epoch.handle });
  }

  protected override discardLateChanges(): void {
    if (this.#phase !== 'ready') return;
    const { fields, record, asks } = this.#epoch;
    if (record === null ? fields.changed : asks) this.discardChanges('late');
  }

  protected override discardBypassed(): void {
    if (this.headLeaving) return;
    for (const { key } of this.#pendingEnds?.takeAll() ?? NO_ENDS) {
      this.context.events.emit('discarded', { handle: key.handle, reason: 'late' });
    }
    if (this.#phase === 'ready' && this.#epoch.asks) this.discardChanges('late');
  }

  #newEpoch(): Epoch {
    return new Epoch(this.context.config.serializer, this);
  }

  /** @param carry the epoch whose written fields go over into the next one */
  #replaceEpoch(why: EpochEnd, carry?: Epoch): void {
    this.#epoch.close(why);
    this.#epoch = this.#newEpoch();
    if (carry !== undefined) this.#epoch.fields.takeWritten(carry.fields);
    this.clientCookie.dropAcknowledgement();
    this.#isNew = true;
  }
}
