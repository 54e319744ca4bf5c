import { SessionError } from '../errors.ts';
import type { ResponseHead } from '../exchange.ts';
import type { SessionConfig } from './config.ts';
import { createRecord } from './create.ts';
import { isCookieDue, isRecordDue, isTouchDue } from './due.ts';
import type { Epoch } from './epoch.ts';
import { explanationOf } from './explanation.ts';
import type { FieldChanges } from './fields.ts';
import { planCommit, type CommitPlan, type CommitSituation, type HeadSituation } from './plan.ts';
import { rekeyRecord } from './rekey.ts';
import { allowsCookie, suppressionOf, warnOfInsecurity } from './response.ts';
import { endRecord, newTombstone, sessionEnded } from './rotation.ts';
import { saveRecord } from './save.ts';
import type { PendingEnd } from './pending-ends.ts';
import type { SessionState } from './state.ts';

/**
 * Writes what the request did to its session to the store, in the session's queue. Returns `undefined` when there is
 * nothing to write: the response is then not delayed.
 *
 * @param head the response's head when it is about to leave, `null` for a commit before or after that
 * @throws {SessionError} synchronously when a value cannot be serialised; rejects when the store fails
 */
export function commitSession(state: SessionState, head: ResponseHead | null): Promise<void> | undefined {
  // The response of an error carries no cookie.
  const headLeft = head === null && (state.headLeaving || state.commitFailed);
  if (head !== null) state.startFinalCommit();
  const committed = state.queue.run(commit, state, head, headLeft);
  return committed instanceof Promise ? committed : undefined;
}

/**
 * Commits now, for `session.save()`.
 * @throws {SessionError} `ERR_SESSION_ENDED` when the session was ended elsewhere, and what the request wrote with it
 */
export async function saveSession(state: SessionState): Promise<void> {
  state.exchange.assertWritable?.();
  await commitSession(state, null);
}

/** @param headLeft whether the response's head had left when the commit was asked for */
function commit(state: SessionState, head: ResponseHead | null, headLeft: boolean): Promise<void> | undefined {
  state.separateOwners();
  const { epoch } = state;
  if (state.commitFailed && head !== null) {
    if (epoch.asks) state.discardChanges('commit-failed', epoch);
    return undefined;
  }
  if (epoch.record === null && state.pendingEnds.length === 0 && !state.accessed) return undefined;
  if (epoch.pending.login?.isAdoption === true && head !== null) postponeAdoption(state, epoch, head);
  const changes = state.phase === 'unloaded' ? null : epoch.fields.changes(epoch.handle ?? '');
  const situation = situationOf(state, head, headLeft, changes);
  const plan = planCommit(situation);
  if (plan.refusal === 'insecure' || plan.suppressed === 'insecure') warnOfInsecurity(state);
  if (plan.refusal !== null) throw refusalError(state, plan.refusal);
  if (plan.suppressed !== null) {
    state.context.events.emit('cookieSuppressed', { handle: epoch.handle, reason: plan.suppressed });
  }
  if (plan.discard !== null) {
    state.discardChanges(plan.discard, epoch);
    if (head === null && state.phase === 'lost') throw sessionEnded();
  }
  if (plan.write === 'none' && !plan.ends) return undefined;
  return carryOut(state, epoch, plan, changes, situation.head);
}

/** Leaves it to a later request to store whose session it is, where the response may not bring the new id. */
function postponeAdoption({ context }: SessionState, { pending }: Epoch, head: ResponseHead): void {
  if (!allowsCookie(context.config, head)) pending.login = null;
}

function situationOf(
  state: SessionState,
  head: ResponseHead | null,
  headLeft: boolean,
  changes: FieldChanges | null,
): CommitSituation {
  const { config } = state.context;
  const { record, pending } = state.epoch;
  const usable = state.phase === 'ready' && record !== null;
  const now = usable ? state.store.now : 0;
  return {
    request: state,
    phase: state.phase,
    lossReason: state.lossReason,
    head: head === null ? null : new LeavingHead(config, head),
    headLeft,
    insecure: state.clientCookie.insecurity !== null,
    cookieOnException: state.phase !== 'ready' || state.cookie.onException,
    stored: record !== null,
    hasChanges: changes !== null || pending.begunLogin !== null,
    login: pending.login !== null,
    begunLogin: pending.begunLogin !== null,
    rotation: pending.rotation !== null,
    timeout: pending.timeout !== null,
    ends: state.pendingEnds.length > 0,
    unsentId: usable ? record.issuedBy : null,
    touchDue: usable && isTouchDue(record, config, now),
    cookieDue: usable && isCookieDue(state, record, now),
    recordDue: usable && isRecordDue(state, record),
  };
}

/** A head that is about to leave. Whether it may set a cookie is found out when the plan depends on it. */
class LeavingHead implements HeadSituation {
  readonly #config: SessionConfig;
  readonly #head: ResponseHead;

  constructor(config: SessionConfig, head: ResponseHead) {
    this.#config = config;
    this.#head = head;
  }

  get failed(): boolean {
    return this.#head.status >= 500;
  }

  get allowsCookie(): boolean {
    return allowsCookie(this.#config, this.#head);
  }

  get suppression(): 'cacheable' | 'exception' {
    return suppressionOf(this.#head);
  }
}

/** Errors that are no failures of the store. */
const REFUSALS: ReadonlySet<string> = new Set([
  'ERR_SESSION_FULL',
  'ERR_SESSION_INVALID_FIELD',
  'ERR_SESSION_LOGIN_EXPIRED',
  'ERR_SESSION_SERIALIZE',
  'ERR_SESSION_TOO_LARGE',
]);

async function carryOut(
  state: SessionState,
  epoch: Epoch,
  plan: CommitPlan,
  changes: FieldChanges | null,
  head: HeadSituation | null,
): Promise<void> {
  try {
    if (plan.ends) await carryOutEnds(state, plan.write === 'create');
    await write(state, epoch, plan, changes, head);
    // A login as another owner has left a session, which ends when the new one is there.
    if (hasAccountSwitch(state)) await carryOutEnds(state, true);
  } catch (error) {
    const { code } = error as { code?: string };
    if (!REFUSALS.has(code ?? '')) state.context.events.emit('storeError', { operation: 'commit', error });
    throw error;
  }
  if (head === null && state.phase === 'lost') throw sessionEnded();
}

function hasAccountSwitch({ pendingEnds }: SessionState): boolean {
  return pendingEnds.some(({ reason }) => reason === 'account-switch');
}

async function carryOutEnds(state: SessionState, isReplaced: boolean): Promise<void> {
  const { context } = state;
  const store = await state.store.connect();
  while (state.pendingEnds.length > 0) {
    const { key, reason } = state.pendingEnds[0]!;
    const tombstone = isReplaced ? newTombstone(context, context.config.timeout) : null;
    const outcome = await endRecord(store, key, tombstone, explanationOf(context, reason));
    const end = state.endCarriedOut(outcome === 'ended');
    if (outcome === 'ended') announceEnd(state, end);
    // The login's session goes on: this request has not come with its id.
    else if (outcome === 'superseded') {
      context.events.emit('discarded', { handle: key.handle, reason: 'superseded' });
    }
  }
}

function write(
  state: SessionState,
  epoch: Epoch,
  { write: kind, sendCookie }: CommitPlan,
  changes: FieldChanges | null,
  head: HeadSituation | null,
): Promise<void> | undefined {
  // The request has ended this session meanwhile; what it does since is for the next commit.
  if (epoch.over !== null) return undefined;
  switch (kind) {
    case 'none':
      return undefined;
    case 'create':
      return createRecord(state, epoch, epoch.pending.login);
    case 'rekey':
      return rekeyRecord(state, epoch);
    case 'save':
      return saveRecord(state, epoch, changes, sendCookie, head);
    case 'touch':
      return touchRecord(state, epoch, sendCookie, head);
    default:
      return kind satisfies never;
  }
}

/** Renews the idle timeout. A failure is reported and not thrown: the next request tries again. */
async function touchRecord(
  state: SessionState,
  epoch: Epoch,
  sendCookie: CommitPlan['sendCookie'],
  head: HeadSituation | null,
): Promise<void> {
  try {
    await saveRecord(state, epoch, null, sendCookie, head);
  } catch (error) {
    if (!(error instanceof SessionError)) throw error;
    state.context.events.emit('storeError', { operation: 'touch', error });
  }
}

function announceEnd(state: SessionState, { key, owner, reason }: PendingEnd): void {
  const { events } = state.context;
  if (reason === 'logout') events.emit('logout', { handle: key.handle, owner });
  events.emit('destroyed', { handle: key.handle, reason });
}

function refusalError(
  { clientCookie, token }: SessionState,
  refusal: NonNullable<CommitPlan['refusal']>,
): SessionError {
  const carrier = token === null ? 'cookie' : 'token';
  if (refusal === 'headers-sent') {
    return new SessionError(
      'ERR_SESSION_HEADERS_SENT',
      `The session needs a new ${carrier}, but the response has left already: call \`await session.save()\` before the first write`,
    );
  }
  if (refusal === 'insecure') {
    return new SessionError(
      'ERR_SESSION_COOKIE_WITHHELD',
      clientCookie.insecurity === 'untrusted-proxy'
        ? `A proxy says that the request came over HTTPS, but the application trusts no proxy, so \`cookie.secure\` forbids the ${carrier}: set \`trustProxy\`, or \`trust proxy\` in Express, \`trustProxy\` in Fastify, \`app.proxy\` in Koa`
        : `The request came over plain HTTP, where \`cookie.secure\` forbids the ${carrier}: serve the page over HTTPS; behind a proxy that ends it, have the proxy send \`X-Forwarded-Proto\`, and set \`trustProxy\``,
    );
  }
  if (refusal === 'cross-site') {
    return new SessionError(
      'ERR_SESSION_COOKIE_WITHHELD',
      'The request comes from another site and without the session cookie, which `cookie.sameSite` keeps from it, so a new session must not replace the one that the client may have: log in, or leave it to the next page',
    );
  }
  return new SessionError(
    'ERR_SESSION_COOKIE_WITHHELD',
    `A login or a rotation was answered with a response that shared caches may store, so its ${carrier} cannot be sent: ` +
      'answer with `Cache-Control: no-store`, or without `Cache-Control` and `Expires`',
  );
}
