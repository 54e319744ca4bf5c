import assert from 'node:assert/strict';
import type { AuditEntry } from 'websauna-session';

/** What an audit trail says of an owner's sessions. */
export interface Told {
  /** Handles of sessions that are there now. */
  readonly live: ReadonlySet<string>;
  /** Handles that a login or a rotation has begun. */
  readonly begun: ReadonlySet<string>;
  /** Handles that have ended, with the entry. */
  readonly ended: ReadonlyMap<string, AuditEntry>;
}

/**
 * Reads a trail from its first entry on, and checks that it is one story: a session begins once, goes on from one that
 * is there, and ends once.
 * @param entries newest first, as they are read
 * @param provisional whether sessions can end before their login is complete, as on a cluster
 */
export function replayTrail(entries: readonly AuditEntry[], provisional = false): Told {
  const live = new Set<string>();
  const begun = new Set<string>();
  const ended = new Map<string, AuditEntry>();
  for (const entry of entries.toReversed()) {
    const { event, handle, previous } = entry;
    const where = `${event} of ${handle} after ${previous ?? 'nothing'}`;
    if (event === 'reused') continue;
    if (event === 'login' || event === 'migrated' || event === 'rotated') {
      assert.ok(!begun.has(handle) && !ended.has(handle), `began twice: ${where}`);
      if (previous !== null && begun.has(previous))
        assert.ok(live.delete(previous), `from one that had ended: ${where}`);
      else assert.ok(event !== 'rotated', `from one that had never begun: ${where}`);
      begun.add(handle);
      live.add(handle);
    } else {
      assert.ok(!ended.has(handle), `ended twice: ${where}`);
      assert.ok(live.delete(handle) || (provisional && !begun.has(handle)), `ended, and was not there: ${where}`);
      ended.set(handle, entry);
    }
  }
  return { live, begun, ended };
}
