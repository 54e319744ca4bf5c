import { ExpiryQueue, type Expiring } from './expiry-queue.ts';

interface Revocation extends Expiring {
  readonly ownerHash: string;
  /** Milliseconds. */
  readonly at: number;
}

/** The handles of each owner's sessions, in the order of their logins, and when an owner's were last revoked. */
export class OwnerSessions {
  readonly #handles = new Map<string, Set<string>>();
  readonly #revocations = new Map<string, Revocation>();
  readonly #expiries = new ExpiryQueue<Revocation>(
    (revocation) => this.#revocations.get(revocation.ownerHash) === revocation,
    () => this.#revocations.size,
  );

  handles(ownerHash: string): string[] {
    return [...(this.#handles.get(ownerHash) ?? [])];
  }

  add(ownerHash: string, handle: string): void {
    const handles = this.#handles.get(ownerHash);
    if (handles === undefined) this.#handles.set(ownerHash, new Set([handle]));
    else handles.add(handle);
  }

  delete(ownerHash: string, handle: string): void {
    const handles = this.#handles.get(ownerHash);
    handles?.delete(handle);
    if (handles?.size === 0) this.#handles.delete(ownerHash);
  }

  /** Replaces a handle in its place. */
  rename(ownerHash: string, from: string, to: string): void {
    this.#handles.set(ownerHash, new Set(this.handles(ownerHash).map((handle) => (handle === from ? to : handle))));
  }

  /** Remembers for at least `keep` seconds that the owner's sessions were revoked. */
  revoke(ownerHash: string, now: number, keep: number): void {
    for (const { ownerHash: expired } of this.#expiries.takeExpired(now)) this.#revocations.delete(expired);
    const endsAt = Math.max(now + keep * 1000, this.#revocations.get(ownerHash)?.endsAt ?? 0);
    const revocation = { ownerHash, at: now, endsAt, queuedFor: Infinity };
    this.#revocations.set(ownerHash, revocation);
    this.#expiries.schedule(revocation);
  }

  /** Returns whether the owner's sessions were revoked at `time` or later; milliseconds. */
  isRevokedSince(ownerHash: string, time: number, now: number): boolean {
    const revocation = this.#revocations.get(ownerHash);
    return revocation !== undefined && revocation.endsAt > now && time <= revocation.at;
  }
}
