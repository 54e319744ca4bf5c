import type { RecordKey, SessionStore } from '../stores/store.ts';

/** Ends a record, or what rotations have made of it since; says whether there was one. */
export async function endRecord(store: SessionStore, key: RecordKey): Promise<boolean> {
  const tried = new Set<string>();
  // Rotations make no circles; whoever writes into the store can.
  for (let handle = key.handle; !tried.has(handle);) {
    tried.add(handle);
    const outcome = await store.destroy({ handle, ownerHash: key.ownerHash });
    if (outcome.status !== 'tombstone') return outcome.status === 'ok';
    if (outcome.successor === '') return false;
    handle = outcome.successor;
  }
  return false;
}
