import type { StoredSession } from '../../admin/stored-session.ts';
import { EXIT, type Command, type ExitCode } from '../command.ts';
import { scanWithProgress } from '../scan-with-progress.ts';
import { time } from '../session-view.ts';

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
  summary: 'Count the sessions: with and without an owner, by login method, and by when they were last used',
  details: 'It goes through all sessions, a page at a time, while the store serves others.',
  examples: ['stats', 'stats --json'],
  async run({ open, terminal }): Promise<ExitCode> {
    const { factory } = await open();
    const totals: Totals = { sessions: 0, owned: 0, owners: new Set(), seenWithin: {}, methods: {}, oldest: null };
    for (const [name] of RECENT) totals.seenWithin[name] = 0;
    const onProgress = (seen: number): void => terminal.progress(`Counted ${seen} sessions`);
    for await (const session of scanWithProgress(factory, onProgress)) add(totals, session);
    const { sessions, owned, owners, seenWithin, methods, oldest } = totals;
    terminal.object({ sessions, owned, anonymous: sessions - owned, owners: owners.size, seenWithin, methods, oldest });
    const row = (name: string, value: number | string): void => terminal.line(`${name.padEnd(24)}  ${value}`);
    row('sessions', sessions);
    row('  without an owner', sessions - owned);
    row('  with an owner', owned);
    row('owners', owners.size);
    for (const [name] of RECENT) row(`seen in the last ${name}`, seenWithin[name]!);
    for (const [method, count] of Object.entries(methods)) row(`login by ${method}`, count);
    row('oldest', oldest === null ? '-' : time(oldest));
    return EXIT.ok;
  },
};

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
