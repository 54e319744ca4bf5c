import type { AuditEvent, AuditLimits, AuditQuery, AuditRecord } from '../store.ts';
import { ExpiryQueue, type Expiring } from './expiry-queue.ts';

interface Trail extends Expiring {
  readonly ownerHash: string;
  /** Oldest first. */
  entries: readonly AuditRecord[];
}

/** What an entry says besides its event and its handle. */
export type AuditDetails = Partial<Pick<AuditRecord, 'previous' | 'method' | 'by'>>;

/** The audit trails of owners, each bounded by age and number; and of so many owners, those that were active last. */
export class AuditTrails {
  readonly #maxOwners: number;
  readonly #trails = new Map<string, Trail>();
  readonly #expiries = new ExpiryQueue<Trail>(
    (trail) => this.#trails.get(trail.ownerHash) === trail,
    () => this.#trails.size,
  );
  #limits: AuditLimits | null = null;
  #count = 0;

  constructor(maxOwners: number) {
    this.#maxOwners = maxOwners;
  }

  start(limits: AuditLimits): void {
    this.#limits = limits;
  }

  /** Appends an entry to the trail of an owner, if there are trails, and an owner. */
  append(
    ownerHash: string | null,
    event: AuditEvent,
    handle: string,
    now: number,
    { previous, method, by }: AuditDetails = {},
  ): void {
    if (this.#limits === null || ownerHash === null) return;
    const { maxAge, maxEntries } = this.#limits;
    for (const { ownerHash: expired } of this.#expiries.takeExpired(now)) this.#trails.delete(expired);
    const trail = this.#trails.get(ownerHash) ?? { ownerHash, entries: [], endsAt: 0, queuedFor: Infinity };
    // The clock may have been set back.
    const at = Math.max(now, trail.entries.at(-1)?.at ?? 0);
    const id = `${at}-${this.#count++}`;
    const entry = { id, at, event, handle, previous: previous || null, method: method || null, by: by || null };
    trail.entries = [...trail.entries, entry].filter((each) => each.at >= at - maxAge * 1000).slice(-maxEntries);
    trail.endsAt = at + maxAge * 1000;
    this.#trails.delete(ownerHash);
    this.#trails.set(ownerHash, trail);
    this.#expiries.schedule(trail);
    if (this.#trails.size > this.#maxOwners) this.#trails.delete(this.#trails.keys().next().value!);
  }

  read(ownerHash: string, { since, until, limit }: AuditQuery, now: number): readonly AuditRecord[] {
    const oldest = Math.max(since, now - (this.#limits?.maxAge ?? 0) * 1000);
    const entries = (this.#trails.get(ownerHash)?.entries ?? []).filter(
      ({ id, at }) => at >= oldest && (until === null || !isLater(id, until)),
    );
    return entries.toReversed().slice(0, limit);
  }
}

/** Returns whether an entry is later than another of the same owner. */
export function isLater(id: string, other: string): boolean {
  const [at, count] = partsOf(id);
  const [otherAt, otherCount] = partsOf(other);
  return at > otherAt || (at === otherAt && count > otherCount);
}

function partsOf(id: string): [number, number] {
  const [at = 0, count = 0] = id.split('-').map(Number);
  return [at, count];
}
