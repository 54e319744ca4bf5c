import type { AuditEntry } from '../../admin/audit.ts';
import type { SessionFactory } from '../../factory.ts';
import { EXIT, UsageError, type Command, type ExitCode } from '../command.ts';
import { parseDuration } from '../duration.ts';
import { numberOption, textOption } from '../parse-command-line.ts';
import { requireSecret, time } from '../session-view.ts';
import type { Terminal } from '../terminal.ts';

/** Entries that are read, and printed, together. */
const PAGE = 100;

export const audit: Command = {
  name: 'audit',
  summary: 'Print what has happened to the sessions of an owner, newest first',
  details:
    'The application writes it if it sets `audit`. An entry names sessions by their handles, and has no id, cookie or value.',
  args: [{ name: 'owner', description: "the application's user id" }],
  options: {
    since: {
      type: 'string',
      value: 'time',
      description: 'only what is newer: seconds, a number with m, h or d, or an ISO 8601 time',
    },
    limit: { type: 'string', value: 'number', description: `how many entries; 0 for all. Default: ${PAGE}` },
  },
  examples: ['audit alice', 'audit alice --since 7d --limit 0', 'audit alice --json'],
  async run({ args, options, open, terminal }): Promise<ExitCode> {
    const since = pointInTime(textOption(options, 'since'));
    const limit = numberOption(options, 'limit', 0) ?? PAGE;
    const { factory, hasSecret } = await open({ ...options, 'read-audit': options['factory'] === undefined });
    requireSecret(hasSecret);
    let count = 0;
    for await (const page of pages(factory, args['owner']!, since, limit === 0 ? Infinity : limit)) {
      print(page, terminal);
      count += page.length;
    }
    if (count === 0) terminal.line('No entries.');
    if (count === limit)
      terminal.note(`These are ${count}; there may be more: raise --limit, or read all with --limit 0.`);
    return EXIT.ok;
  },
};

async function* pages(
  { audit: trail }: SessionFactory,
  owner: string,
  since: Date | undefined,
  limit: number,
): AsyncGenerator<readonly AuditEntry[]> {
  const from = since === undefined ? {} : { since };
  let after: { after?: string } = {};
  for (let left = limit; left > 0;) {
    const asked = Math.min(left, PAGE);
    const page = await trail.read({ owner, ...from, ...after, limit: asked });
    if (page.length > 0) yield page;
    if (page.length < asked) return;
    left -= page.length;
    after = { after: page.at(-1)!.id };
  }
}

function print(page: readonly AuditEntry[], terminal: Terminal): void {
  for (const { id, at, event, handle, previous, method, by } of page) {
    terminal.object({ id, at, event, handle, previous, method, by });
  }
  terminal.table(
    ['TIME', 'EVENT', 'HANDLE', 'BEFORE', 'METHOD', 'BY'],
    page.map(({ at, event, handle, previous, method, by }) => [
      time(at),
      event,
      handle,
      previous ?? '-',
      method ?? '-',
      by ?? '-',
    ]),
  );
}

function pointInTime(since: string | undefined): Date | undefined {
  if (since === undefined) return undefined;
  if (!/^\d{4}-\d\d-\d\d/.test(since)) return new Date(Date.now() - parseDuration('since', since) * 1000);
  const at = new Date(since);
  if (!Number.isNaN(at.getTime())) return at;
  throw new UsageError('Expected --since to be a duration, or an ISO 8601 time such as 2026-05-01T12:00:00Z');
}
