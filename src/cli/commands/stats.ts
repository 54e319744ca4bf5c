import type { SessionStats } from '../../admin/stats.ts';
import type { StoredSession } from '../../admin/stored-session.ts';
import { SessionError } from '../../errors.ts';
import type { SessionFactory } from '../../factory.ts';
import { EXIT, type Command, type ExitCode } from '../command.ts';
import { scanWithProgress } from '../scan-with-progress.ts';
import { time } from '../session-view.ts';
import type { Terminal } from '../terminal.ts';

/** Names and seconds. */
const RECENT = [
  ['minute', 60],
  ['hour', 3_600],
  ['day', 86_400],
] as const;

interface Totals {
  sessions: number;
  owned: number;
  readonly owners: Set<string>;
  /** By name of {@link RECENT}. */
  readonly seenWithin: Record<string, number>;
  readonly methods: Record<string, number>;
  oldest: Date | null;
}

export const stats: Command = {
  name: 'stats',
  summary: 'Count the sessions: with and without an owner, and what happened in the last hour',
  details:
    'If the application sets `stats`, it prints what that has counted. Otherwise, and with --scan, it goes through all\n' +
    'sessions, a page at a time, while the store serves others, and counts them by login method and last use, too.',
  options: {
    scan: { type: 'boolean', description: 'go through all sessions, although they are counted' },
  },
  examples: ['stats', 'stats --scan', 'stats --json'],
  async run({ options, open, terminal }): Promise<ExitCode> {
    const isScan = options['scan'] === true;
    const { factory } = await open({ ...options, 'read-stats': !isScan && options['factory'] === undefined });
    const counted = isScan ? null : await countedOf(factory);
    if (counted !== null) printCounted(counted, terminal);
    else {
      if (!isScan) terminal.note('Nothing was counted by `stats`: going through all sessions.');
      printTotals(await scan(factory, terminal), terminal);
    }
    return EXIT.ok;
  },
};

/** Returns what the application has counted; `null` when it counts nothing. */
async function countedOf(factory: SessionFactory): Promise<SessionStats | null> {
  try {
    const counted = await factory.stats();
    const { anonymous, owned } = counted.live;
    return anonymous + owned + counted.counts.length === 0 ? null : counted;
  } catch (error) {
    if (error instanceof SessionError && error.code === 'ERR_SESSION_UNSUPPORTED') return null;
    throw error;
  }
}

function printCounted({ live, counts }: SessionStats, terminal: Terminal): void {
  const { anonymous, owned, error } = live;
  const lastHour: Record<string, number> = {};
  for (const { event, reason, count } of counts) {
    const name = reason === null ? event : `${event} ${reason}`;
    lastHour[name] = (lastHour[name] ?? 0) + count;
  }
  terminal.object({ sessions: anonymous + owned, owned, anonymous, error, lastHour });
  row(terminal, 'sessions', anonymous + owned);
  row(terminal, '  without an owner', anonymous);
  row(terminal, '  with an owner', owned);
  row(terminal, 'standard error', `${(error * 100).toFixed(1)} %`);
  for (const name of Object.keys(lastHour).toSorted()) row(terminal, `last hour: ${name}`, lastHour[name]!);
}

async function scan(factory: SessionFactory, terminal: Terminal): Promise<Totals> {
  const totals: Totals = { sessions: 0, owned: 0, owners: new Set(), seenWithin: {}, methods: {}, oldest: null };
  for (const [name] of RECENT) totals.seenWithin[name] = 0;
  const onProgress = (seen: number): void => terminal.progress(`Counted ${seen} sessions`);
  for await (const session of scanWithProgress(factory, onProgress)) add(totals, session);
  return totals;
}

function printTotals({ sessions, owned, owners, seenWithin, methods, oldest }: Totals, terminal: Terminal): void {
  terminal.object({ sessions, owned, anonymous: sessions - owned, owners: owners.size, seenWithin, methods, oldest });
  row(terminal, 'sessions', sessions);
  row(terminal, '  without an owner', sessions - owned);
  row(terminal, '  with an owner', owned);
  row(terminal, 'owners', owners.size);
  for (const [name] of RECENT) row(terminal, `seen in the last ${name}`, seenWithin[name]!);
  for (const [method, count] of Object.entries(methods)) row(terminal, `login by ${method}`, count);
  row(terminal, 'oldest', oldest === null ? '-' : time(oldest));
}

function row(terminal: Terminal, name: string, value: number | string): void {
  terminal.line(`${name.padEnd(24)}  ${value}`);
}

function add(totals: Totals, { owner, method, lastSeenAt, createdAt }: StoredSession): void {
  totals.sessions += 1;
  if (owner !== null) {
    totals.owned += 1;
    totals.owners.add(owner);
    const name = method ?? 'unknown';
    totals.methods[name] = (Object.hasOwn(totals.methods, name) ? totals.methods[name]! : 0) + 1;
  }
  const idle = (Date.now() - lastSeenAt.getTime()) / 1000;
  for (const [name, seconds] of RECENT) if (idle < seconds) totals.seenWithin[name]! += 1;
  if (totals.oldest === null || createdAt < totals.oldest) totals.oldest = createdAt;
}
