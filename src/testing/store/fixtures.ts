import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type {
  FoundRecord,
  IdleTimeout,
  LoadResult,
  LoginChange,
  NewRecord,
  NewTombstone,
  RecordChange,
  RecordDetails,
  RecordKey,
  RecordRekey,
  SessionStore,
  Stored,
  Written,
} from '../../stores/store.ts';

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

export function newKey(ownerHash: string | null = null): RecordKey {
  return { handle: random(32), ownerHash };
}

export function newOwnerHash(): string {
  return random(12);
}

export function newIndexKey(): string {
  return random(12);
}

/** A timeout of the factory's. */
export function seconds(timeout: number): IdleTimeout {
  return { seconds: timeout, adjusted: false };
}

export function record(fields: Record<string, Stored> = {}, extra: Partial<NewRecord> = {}): NewRecord {
  return {
    details: { owner: null, method: null, address: '192.0.2.7', agent: 'Contract "1.0" \u20ac', indexKeys: [] },
    timeout: seconds(1200),
    absoluteTimeout: 86400,
    fields: new Map(Object.entries(fields)),
    cookieAttributes: 'first~cookie',
    login: null,
    ...extra,
  };
}

export function login(extra: Partial<LoginChange> = {}): LoginChange {
  return {
    age: 0,
    authenticatedAt: null,
    pendingSince: null,
    max: 0,
    onSessionLimit: 'evict-oldest',
    ownExpiry: false,
    remember: null,
    ...extra,
  };
}

export function change(set: Record<string, Stored> = {}, extra: Partial<RecordChange> = {}): RecordChange {
  return {
    set: new Map(Object.entries(set)),
    delete: new Set(),
    timeout: null,
    expect: null,
    cookieAttributes: null,
    confirmsCookie: false,
    ...extra,
  };
}

/** A rotation that leaves nothing, unless `extra` says more. */
export function rekey(extra: Partial<RecordRekey> = {}): RecordRekey {
  return { ...change(), login: null, tombstone: null, exact: false, ...extra };
}

/** A rekey by a login. */
export function loginRekey(limits: Partial<LoginChange> = {}, extra: Partial<RecordRekey> = {}): RecordRekey {
  return rekey({ login: { ...login(limits), details: DETAILS, absoluteTimeout: 86400 }, ...extra });
}

export async function found(store: SessionStore, key: RecordKey): Promise<FoundRecord> {
  const result = await store.load(key);
  assert.equal(result?.status, 'found');
  return result;
}

/** Asserts that an operation was carried out. */
export async function written(outcome: Promise<{ readonly status: string }>): Promise<Written> {
  const { status, ...rest } = await outcome;
  assert.equal(status, 'ok');
  return { status, ...rest } as Written;
}

/** The fields without those of the store itself. */
export function dataOf(result: LoadResult | undefined): Record<string, Stored> {
  assert.equal(result?.status, 'found');
  const names = Object.keys(result.fields).filter((name) => !/^@[a-z]?$/.test(name));
  return Object.fromEntries(names.map((name) => [name, result.fields[name]!]));
}

/** Asserts that two times are within so many milliseconds of each other. */
export function assertNear(actual: number, expected: number, tolerance = 5000): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}

/** Of an owned record. */
export const DETAILS: RecordDetails = {
  owner: 'alice',
  method: 'password',
  address: '198.51.100.4',
  agent: null,
  indexKeys: ['index-key_of-all'],
};

export function ownedRecord(fields: Record<string, Stored> = {}, limits: Partial<LoginChange> = {}): NewRecord {
  return record(fields, { details: DETAILS, login: login(limits) });
}

export async function createOwned(
  store: SessionStore,
  ownerHash: string,
  fields: Record<string, Stored> = {},
): Promise<RecordKey> {
  const key = newKey(ownerHash);
  await written(store.create(key, ownedRecord(fields)));
  return key;
}

export async function createAnonymous(store: SessionStore, fields: Record<string, Stored> = {}): Promise<RecordKey> {
  const key = newKey();
  await written(store.create(key, record(fields)));
  return key;
}

/** What a rotation leaves. */
export const ROTATED: NewTombstone = { nonce: 'nonce_-1', namesSuccessor: true, grace: 10, keep: 600 };
/** What remains when a session goes on under a key that the old one neither leads to nor names. */
export const REPLACED: NewTombstone = { nonce: '', namesSuccessor: false, grace: 10, keep: 600 };
/** How long revocations are remembered. */
export const KEEP = 86400;
