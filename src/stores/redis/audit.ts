import type { AuditEvent, AuditLimits, AuditQuery, AuditRecord, Stored } from '../store.ts';
import { textOf } from './record.ts';
import type { ScriptRunner } from './script-runner.ts';

/** Reads entries of an audit trail, newest first; those that are older than `limits` allow are left out. */
export async function readTrail(
  runner: ScriptRunner,
  name: string,
  { since, until, limit }: AuditQuery,
  limits: AuditLimits | null,
): Promise<AuditRecord[]> {
  const maxAge = limits === null ? Date.now() : limits.maxAge * 1000;
  const args = [String(Math.ceil(since)), until ?? '+', String(limit), String(maxAge)];
  const { values } = await runner.run('readAudit', [name], args);
  return Array.from({ length: values.length / 6 }, (_, i) => {
    const texts = values.slice(6 * i, 6 * i + 6).map((value) => textOf(value as Stored));
    const [id, event, handle, previous, method, by] = texts as [string, string, string, string, string, string];
    return {
      id,
      at: Number(id.slice(0, id.indexOf('-'))),
      event: event as AuditEvent,
      handle,
      previous: previous || null,
      method: method || null,
      by: by || null,
    };
  });
}
