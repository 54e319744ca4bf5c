import { stateOf } from '../../session/dict.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import { COOKIE_FIELD, type Cookie } from './cookie.ts';
import { timeoutOf } from './timeout.ts';
import { toJson } from './serializer.ts';
import { isReserved } from './session.ts';

type Inner = WebsaunaSession<Record<string, unknown>>;

/** Writes the fields of an object that differ into the engine's session, which itself notices changes inside of values. */
export function writeFields(inner: Inner, session: object): void {
  for (const [key, value] of Object.entries(session)) {
    if (key === COOKIE_FIELD || isReserved(key)) continue;
    const known = inner.get(key);
    if (Object.is(value, known)) continue;
    const text = toJson(value);
    if (text === undefined) inner.delete(key);
    else if (known === undefined || toJson(known) !== text) inner.set(key, value);
  }
  for (const key of inner.keys()) {
    if (key !== COOKIE_FIELD && !isReserved(key) && !Object.hasOwn(session, key)) inner.delete(key);
  }
}

/** Gives the engine's session the time that its cookie says; returns whether that is another one. */
export function writeTimeout(inner: Inner, { originalMaxAge }: Cookie, ttl: number): boolean {
  const { epoch, context } = stateOf(inner);
  const { login, timeout } = epoch.pending;
  const seconds = timeoutOf(originalMaxAge, ttl);
  const stored = epoch.record?.meta.timeout.seconds ?? context.config.timeout;
  const isOther = seconds !== (timeout ?? stored);
  // A login makes the time begin again, as configured.
  const isReset = login !== null && timeout === null && seconds !== context.config.timeout;
  if (isOther || isReset) inner.adjustTimeout(seconds);
  return isOther && epoch.record !== null;
}
