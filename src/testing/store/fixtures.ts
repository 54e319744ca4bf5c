import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type {
  FoundRecord,
  LoadResult,
  LoginChange,
  NewRecord,
  RecordChange,
  RecordDetails,
  RecordKey,
  RecordRekey,
  SessionStore,
  Stored,
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

export function record(fields: Record<string, Stored> = {}, extra: Partial<NewRecord> = {}): NewRecord {
  return {
    details: { owner: null, method: null, address: '192.0.2.7', agent: 'Contract "1.0" \u20ac', indexKeys: [] },
    timeout: 1200,
    absoluteTimeout: 86400,
    fields: new Map(Object.entries(fields)),
    login: null,
    ...extra,
  };
}

export function login(extra: Partial<LoginChange> = {}): LoginChange {
  return { age: 0, max: 0, onSessionLimit: 'evict-oldest', ...extra };
}

export function change(set: Record<string, Stored> = {}, extra: Partial<RecordChange> = {}): RecordChange {
  return { set: new Map(Object.entries(set)), delete: new Set(), timeout: null, expect: null, ...extra };
}

export function move(extra: Partial<RecordRekey> = {}): RecordRekey {
  return { ...change(), login: null, trace: null, exact: false, ...extra };
}

export async function found(store: SessionStore, key: RecordKey): Promise<FoundRecord> {
  const result = await store.load(key);
  assert.equal(result?.status, 'found');
  return result;
}

/** The fields without those of the store itself. */
export function dataOf(result: LoadResult | undefined): Record<string, Stored> {
  assert.equal(result?.status, 'found');
  const names = Object.keys(result.fields).filter((name) => !/^@[a-z]?$/.test(name));
  return Object.fromEntries(names.map((name) => [name, result.fields[name]!]));
}

/** Of an owned record. */
export const DETAILS: RecordDetails = {
  owner: 'alice',
  method: 'password',
  address: '198.51.100.4',
  agent: null,
  indexKeys: ['indexKey-of-all'],
};

export async function createOwned(
  store: SessionStore,
  ownerHash: string,
  fields: Record<string, Stored> = {},
): Promise<RecordKey> {
  const key = newKey(ownerHash);
  const outcome = await store.create(key, record(fields, { details: DETAILS, login: login() }));
  assert.equal(outcome.status, 'ok');
  return key;
}

/** What a rotation leaves. */
export const TRACE: NonNullable<RecordRekey['trace']> = { nonce: 'nonce_-1', grace: 10, keep: 600 };
