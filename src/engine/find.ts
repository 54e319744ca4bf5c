import type { OwnedRecord, RecordKey, SessionStore } from '../stores/store.ts';

/** Reads what is known about a record, or about what rotations have made of it since. */
export async function findRecord(store: SessionStore, key: RecordKey): Promise<OwnedRecord | undefined> {
  const tried = new Set<string>();
  for (let handle = key.handle; handle !== '' && !tried.has(handle);) {
    tried.add(handle);
    const record = await store.load({ handle, ownerHash: key.ownerHash });
    if (record?.status === 'found') return { handle, meta: record.meta, lastSeen: record.lastSeen };
    handle = record?.status === 'tombstone' ? record.successor : '';
  }
  return undefined;
}
