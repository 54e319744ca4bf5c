// To be replaced by the exports of index.ts.
import type { SessionFactory } from '../index.ts';

export interface AuditEntry {
  readonly id: string;
  readonly at: Date;
  readonly event: string;
  readonly handle: string;
  readonly method: string | null;
  readonly by: string | null;
}
export interface SessionStats {
  readonly now: Date;
  readonly live: { readonly anonymous: number; readonly owned: number; readonly error: number };
  readonly counts: readonly {
    readonly minute: Date;
    readonly event: string;
    readonly reason: string | null;
    readonly count: number;
  }[];
}
export type Pending = SessionFactory & {
  audit?: { read(o: { owner: string; since?: Date; after?: string; limit?: number }): Promise<readonly AuditEntry[]> };
  stats?: (o?: { since?: Date }) => Promise<SessionStats>;
};
