import { findInsecurity } from '../cookie/diagnostics.ts';
import { readCookies } from '../cookie/read.ts';
import type { VerifiedCookie } from '../crypto/cookie-verifier.ts';
import { isPlausibleCookieValue, keyOf } from '../crypto/session-id.ts';
import type { Exchange } from '../exchange.ts';
import type { FoundRecord, LoadResult, SessionStore, Tombstone } from '../stores/store.ts';
import { adoptIfValid, flashInvalidated, reject, type Candidate, type Opened } from './adopt.ts';
import type { SessionContext } from './context.ts';
import type { Epoch } from './epoch.ts';
import { endedSession } from './explanation.ts';
import type { SessionMigration } from './migration.ts';
import { adoptForeignOwner } from './owner-adoption.ts';
import { cookieRequestOf, warnOfInsecurity } from './response.ts';
import { answerReuse, type StaleCookie } from './reuse.ts';
import { findSuccessor, MAX_ROTATIONS_FOLLOWED, onRecord } from './rotation.ts';
import { SessionState } from './state.ts';

/** Session cookies with a valid signature that are looked up: a browser sends one for each domain and path above the request's. */
const MAX_LOOKUPS = 4;
/** Session cookies whose signature is checked. */
const MAX_CHECKED = 8;

/**
 * Opens the session of a request. Synchronous when there is nothing to ask the store for.
 * @throws {SessionError} when the store fails and `onStoreError` is `'fail'`
 */
export function openSession(context: SessionContext, exchange: Exchange): SessionState | Promise<SessionState> {
  const state = new SessionState(context, exchange);
  const { config } = context;
  if (config.ignore(exchange.url)) {
    state.markIgnored();
    return state;
  }
  state.interceptResponse();
  const values = presentedValues(state);
  if (state.cookie.template.isSecure(false) && !exchange.secure && isInsecure(state)) {
    if (values !== undefined) rejectInsecure(state);
    return state;
  }
  const cookies = values === undefined ? [] : verifyCookies(state, values);
  if (cookies.length === 0 && !hasForeignCookie(state)) return state;
  if (config.load === 'lazy') {
    state.markUnloaded();
    return state;
  }
  // Nothing else can use the session before it is loaded, so this needs no queue.
  return load(state, cookies);
}

/** Returns whether the connection forbids a cookie that is always `Secure`, and takes note of why. */
function isInsecure(state: SessionState): boolean {
  const insecurity = findInsecurity(state.cookie.template, cookieRequestOf(state.exchange));
  if (insecurity !== null) state.clientCookie.forbid(insecurity);
  return insecurity !== null;
}

function rejectInsecure(state: SessionState): void {
  reject(state, null, 'insecure');
  warnOfInsecurity(state);
}

/** Loads a session that `load: 'lazy'` has left unloaded; one that is loaded stays as it is. */
export async function loadSession(state: SessionState): Promise<void> {
  if (state.phase !== 'unloaded') return;
  state.markPersonal();
  await state.loadOnce(async () => {
    const values = presentedValues(state);
    await state.queue.run(load, state, values === undefined ? [] : verifyCookies(state, values));
  });
}

/**
 * Reads the session again, from the store itself. What others did to it since shows; what this request
 * changed stays. A session that has ended meanwhile is lost, as at the commit.
 */
export async function reloadSession(state: SessionState): Promise<void> {
  state.readPastCache();
  if (state.phase === 'unloaded') return await loadSession(state);
  const { epoch } = state;
  await state.queue.run(() => reload(state, epoch));
}

async function reload(state: SessionState, epoch: Epoch): Promise<void> {
  if (epoch.record === null || epoch.over !== null || state.phase !== 'ready') return;
  const record = await onRecord(state, epoch, 'lose', async (store, key) => {
    const found = await store.load(key, true);
    return found === undefined || found.status === 'ended' ? { status: 'gone' as const } : found;
  });
  if (record === null || epoch.over !== null) return;
  if (record.status === 'corrupt') return state.discardCorrupt(epoch);
  const { id, key, sendableUntil } = epoch.record;
  await adoptIfValid(state, epoch, { id, key, sendableUntil }, record);
}

/** Returns the values that may open a session: the request's token, or its cookies. */
function presentedValues({ cookie, exchange, token }: SessionState): string[] | undefined {
  if (token !== null) return token.value === '' ? undefined : [token.value];
  return readCookies(exchange.header('cookie'), cookie.template.name, MAX_CHECKED, isPlausibleCookieValue);
}

/** Returns the cookies that we signed, each once. Nothing else in a cookie ever reaches the store. */
function verifyCookies(state: SessionState, values: readonly string[]): VerifiedCookie[] {
  const { cookies } = state.context;
  let verified: VerifiedCookie[] | undefined;
  let reason: 'malformed' | 'signature' = 'malformed';
  for (const value of values) {
    const cookie = cookies.verify(value);
    if (typeof cookie === 'object') {
      if (verified === undefined) verified = [cookie];
      else addVerified(verified, cookie);
      if (verified.length === MAX_LOOKUPS) break;
    } else if (cookie === 'signature') reason = 'signature';
  }
  if (verified === undefined) reject(state, null, reason);
  return verified ?? [];
}

/** Of several cookies with one id, the one with the newest signature counts. */
function addVerified(verified: VerifiedCookie[], cookie: VerifiedCookie): void {
  const index = verified.findIndex(({ id }) => id === cookie.id);
  if (index === -1) verified.push(cookie);
  else if (cookie.secret < verified[index]!.secret) verified[index] = cookie;
}

/** Binds the session to the first of the cookies that opens one. Browsers send the cookie of the longer path first, and of two, the older. */
async function load(state: SessionState, cookies: readonly VerifiedCookie[]): Promise<SessionState> {
  const { context, exchange } = state;
  const { config } = context;
  const { migration } = config;
  try {
    const connected = state.store.connect();
    const store = connected instanceof Promise ? await connected : connected;
    if (config.bypassCache?.(exchange) === true) state.readPastCache();
    let isOpened = false;
    const others: Opened[] = [];
    const stale: StaleCookie[] = [];
    for (const cookie of cookies) {
      const record = await store.load(cookie.key, state.bypassCache, config.explainEnds);
      const opening =
        record?.status === 'tombstone'
          ? openSuccessor(state, store, cookie, record, stale)
          : open(state, cookie, candidateOf(cookie), record);
      const result = opening instanceof Promise ? await opening : opening;
      isOpened = result === 'opened';
      if (isOpened) {
        if (cookies.length > 1) warnOfSeveral(state, cookie);
        break;
      }
      others.push(result);
    }
    if (migration !== null && !isOpened && !others.some(isFinal)) {
      const result = await openForeign(state, store, migration, stale);
      isOpened = result === 'opened';
      others.push(result);
    }
    if (!isOpened) {
      if (others.includes('invalidated')) flashInvalidated(state);
      else if (others.includes('superseded')) state.startLost('superseded');
      if (stale.length > 0) await answerReuse(state, store, stale);
    }
  } catch (error) {
    context.events.emit('storeError', { operation: 'load', error });
    if (config.onStoreError === 'fail' || error instanceof TypeError) throw error;
    state.markDegraded();
    return state;
  }
  state.markLoaded();
  return state;
}

function warnOfSeveral({ context }: SessionState, { key }: VerifiedCookie): void {
  context.events.emit('cookieWarning', { handle: key.handle, reason: 'several' });
}

/** Returns whether a cookie has decided what the session is. */
function isFinal(result: Opened): boolean {
  return result !== 'rejected';
}

/** Returns whether the request has a cookie of another library. */
function hasForeignCookie({ context, exchange }: SessionState): boolean {
  const { migration } = context.config;
  return migration !== null && migration.readCookies(exchange.header('cookie')).length > 0;
}

/** Binds the session to the first one of another library that goes on here. The client gets the cookie of ours. */
async function openForeign(
  state: SessionState,
  store: SessionStore,
  migration: SessionMigration,
  stale: StaleCookie[],
): Promise<Opened> {
  if (state.token !== null) return 'rejected';
  let opened: Opened = 'rejected';
  for (const cookie of migration.readCookies(state.exchange.header('cookie'))) {
    const record = await migration.adopt(store, cookie);
    opened =
      record?.status === 'tombstone'
        ? await openSuccessor(state, store, cookie, record, stale)
        : await open(state, cookie, candidateOf(cookie), record);
    if (opened === 'opened') {
      state.clientCookie.requestRenewal();
      adoptForeignOwner(state, migration);
    }
    if (isFinal(opened)) break;
  }
  return opened;
}

function candidateOf({ id, key }: VerifiedCookie): Candidate {
  return { id, key, sendableUntil: Infinity };
}

/** Opens what is stored under the id of a cookie, or under the one that rotations have replaced it with. */
function open(
  state: SessionState,
  { id, secret }: VerifiedCookie,
  candidate: Candidate,
  record: Exclude<LoadResult, Tombstone> | undefined,
): Opened | Promise<Opened> {
  const { handle } = candidate.key;
  switch (record?.status) {
    case 'found':
      state.clientCookie.present(id, secret > 0);
      return adoptIfValid(state, state.epoch, candidate, record);
    case 'corrupt':
      // What is unreadable to this version of the application may not be to the next.
      reject(state, handle, 'corrupt', record.reason);
      state.ends.rememberCorrupt(candidate.key);
      return 'rejected';
    case 'ended':
      state.explainEnd(endedSession(record));
      reject(state, handle, 'not-found', record.reason);
      return 'rejected';
    default:
      reject(state, handle, 'not-found');
      return 'rejected';
  }
}

/**
 * Opens what rotations have made of the session of a cookie.
 * @param stale takes the cookie if its id is past its grace
 */
async function openSuccessor(
  state: SessionState,
  store: SessionStore,
  cookie: VerifiedCookie,
  tombstone: Tombstone,
  stale: StaleCookie[],
): Promise<Opened> {
  let candidate = candidateOf(cookie);
  let link = tombstone;
  for (let followed = 0; ; followed++) {
    state.store.observeClock(link.now);
    const { handle } = candidate.key;
    const inGrace = link.now < link.graceUntil;
    const successor = findSuccessor(state.context, candidate.id, link);
    // A login's new id, or one that was derived under a secret which is not known here, is for its client alone.
    if (successor === null && inGrace) {
      reject(state, handle, 'superseded');
      return 'superseded';
    }
    // Of a link past its grace, the successor is looked at first.
    const mayFollow = inGrace || state.context.config.rotationGrace > 0;
    if (successor === null || !mayFollow || followed === MAX_ROTATIONS_FOLLOWED) {
      stale.push({ key: cookie.key, tombstone: link });
      return rejectRotated(state, handle, link);
    }
    candidate = {
      id: successor,
      key: keyOf(successor),
      sendableUntil: inGrace ? Math.min(candidate.sendableUntil, link.graceUntil) : candidate.sendableUntil,
    };
    const record = await store.load(candidate.key, state.bypassCache, state.context.config.explainEnds);
    if (!inGrace && (record === undefined || record.status === 'ended' || isConfirmed(record))) {
      if (record?.status === 'ended') state.explainEnd(endedSession(record));
      stale.push({ key: cookie.key, tombstone: link });
      return rejectRotated(state, cookie.key.handle, link);
    }
    if (record?.status !== 'tombstone') return await open(state, cookie, candidate, record);
    link = record;
  }
}

/** Returns whether the client is known to have the id of a record, or had it before the next rotation. */
function isConfirmed(record: FoundRecord | Tombstone | { readonly status: 'corrupt' }): boolean {
  if (record.status === 'found') return record.meta.cookie.confirmed;
  return record.status === 'corrupt' || record.confirmed;
}

function rejectRotated(state: SessionState, handle: string, { successor }: Tombstone): 'rejected' {
  reject(state, handle, 'rotated');
  state.context.events.emit('staleId', { handle, successor: successor === '' ? null : successor });
  return 'rejected';
}
