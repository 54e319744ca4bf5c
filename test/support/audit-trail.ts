import type { AuditEntry } from 'websauna-session';

/** What an audit trail says of an owner's sessions. */
export interface Told {
  /** Sessions that are there now: when each began with a login, by its handle. */
  readonly live: ReadonlyMap<string, Date>;
  /** What is wrong with the trail, if anything. */
  readonly problem: string | null;
}

/**
 * Reads a trail from its first entry on, and looks whether it is one story: a session begins once, goes on from one that
 * is there, and ends once.
 * @param entries newest first, as they are read
 * @param provisional whether sessions can end before their login is complete, as on a cluster
 */
export function replayTrail(entries: readonly AuditEntry[], provisional = false): Told {
  const live = new Map<string, Date>();
  const begun = new Set<string>();
  const ended = new Set<string>();
  const problems: string[] = [];
  for (const { event, handle, previous, at } of entries.toReversed()) {
    const claim = (holds: boolean, what: string): void => {
      if (!holds) problems.push(`${event} of ${handle} after ${previous ?? 'nothing'}: ${what}`);
    };
    if (event === 'reused') {
      claim(begun.has(handle) && !live.has(handle), 'is there, or never was');
    } else if (event === 'login' || event === 'migrated' || event === 'rotated') {
      claim(!begun.has(handle) && !ended.has(handle), 'began before');
      const since = previous === null ? undefined : live.get(previous);
      if (previous !== null && begun.has(previous)) claim(live.delete(previous), 'goes on from one that had ended');
      else claim(event !== 'rotated', 'goes on from one that never began');
      begun.add(handle);
      live.set(handle, since ?? at);
    } else {
      claim(!ended.has(handle), 'ended before');
      claim(live.delete(handle) || (provisional && !begun.has(handle)), 'was not there');
      ended.add(handle);
    }
  }
  return { live, problem: problems.length === 0 ? null : problems.join('; ') };
}
