import { toWholeSecond } from '../../internal/whole-second.ts';
import { fieldSize } from '../store.ts';
import type { CookieState, NewRecord, RecordChange, RecordMeta, RekeyLogin, Stored } from '../store.ts';
import type { Expiring } from './expiry-queue.ts';

export interface MemoryRecord extends Expiring {
  readonly handle: string;
  readonly ownerHash: string | null;
  meta: RecordMeta;
  lastSeen: number;
  /** Seconds for which its end is explained. */
  explainEnds: number;
  /** Replaced as a whole, never changed: `load` returns this object. */
  fields: Readonly<Record<string, Stored>>;
}

export function sentCookie(attributes: string, now: number, confirmed: boolean): CookieState {
  return { sentAt: toWholeSecond(now), attributes, confirmed };
}

type Life = Pick<RecordMeta, 'createdAt' | 'expiresAt' | 'ownExpiry' | 'authenticatedAt' | 'remember'>;

/** Returns the times and limits of a record that begins its life. */
export function newLife({ absoluteTimeout, login }: Pick<NewRecord, 'absoluteTimeout' | 'login'>, now: number): Life {
  return {
    createdAt: now,
    expiresAt: absoluteTimeout > 0 ? now + absoluteTimeout * 1000 : 0,
    ownExpiry: login?.ownExpiry ?? false,
    authenticatedAt: login === null ? 0 : Math.min(login.authenticatedAt ?? now - login.age, now),
    remember: login?.remember ?? null,
  };
}

/** Returns those of a record that a login takes over. */
export function lifeAfterLogin(meta: RecordMeta, login: RekeyLogin, now: number): Life {
  const { absoluteTimeout } = login;
  if (absoluteTimeout !== null) return newLife({ absoluteTimeout, login }, now);
  const { createdAt, expiresAt, ownExpiry } = meta;
  return { ...newLife({ absoluteTimeout: 0, login }, now), createdAt, expiresAt, ownExpiry };
}

export function changedMeta(meta: RecordMeta, change: RecordChange, confirmed: boolean, now: number): RecordMeta {
  const { timeout, cookieAttributes } = change;
  if (timeout === null && cookieAttributes === null && confirmed === meta.cookie.confirmed) return meta;
  const cookie =
    cookieAttributes === null ? { ...meta.cookie, confirmed } : sentCookie(cookieAttributes, now, confirmed);
  return { ...meta, timeout: timeout ?? meta.timeout, cookie };
}

export function changedFields(fields: MemoryRecord['fields'], change: RecordChange): MemoryRecord['fields'] {
  if (change.delete.size === 0 && change.set.size === 0) return fields;
  const kept =
    change.delete.size === 0
      ? fields
      : Object.fromEntries(Object.entries(fields).filter(([name]) => !change.delete.has(name)));
  return { ...kept, ...Object.fromEntries(change.set) };
}

/** Returns the bytes of fields after a change, if they are more than allowed and more than before; `null` otherwise. */
export function sizeBeyond(
  max: number | undefined,
  before: MemoryRecord['fields'],
  after: MemoryRecord['fields'],
): number | null {
  if (max === undefined) return null;
  const size = sizeOf(after);
  return size > max && size > sizeOf(before) ? size : null;
}

function sizeOf(fields: MemoryRecord['fields']): number {
  return Object.entries(fields).reduce((sum, [name, value]) => sum + fieldSize(name, value), 0);
}

/** Returns whether fields are what the change expects and, if `exact`, nothing else. */
export function matchesExpected(fields: MemoryRecord['fields'], change: RecordChange, exact: boolean): boolean {
  const { expect } = change;
  if (expect === null) return true;
  for (const [name, value] of expect) {
    const stored = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (value === undefined || stored === undefined ? value !== stored : !sameStored(value, stored)) return false;
  }
  return !exact || Object.keys(fields).every((name) => expect.has(name));
}

function sameStored(a: Stored, b: Stored): boolean {
  return a === b || (typeof a !== 'string' && typeof b !== 'string' && Buffer.compare(a, b) === 0);
}
