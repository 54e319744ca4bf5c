import type { StoredSession } from '../admin/stored-session.ts';
import type { SessionFactory } from '../factory.ts';

/** Sessions between two reports of progress. */
export const PROGRESS_STEP = 500;

/**
 * Goes through all sessions, each of them once: a scan may find one twice that is changed meanwhile.
 * @param onProgress called now and then with how many there were so far
 */
export async function* scanWithProgress(
  { sessions }: SessionFactory,
  onProgress: (seen: number) => void,
): AsyncGenerator<StoredSession> {
  const seen = new Set<string>();
  for await (const session of sessions.scan()) {
    if (seen.has(session.handle)) continue;
    seen.add(session.handle);
    yield session;
    if (seen.size % PROGRESS_STEP === 0) onProgress(seen.size);
  }
}
