import { pointInTime } from '../../admin/sessions.ts';
import { contextOf, type SessionFactory } from '../../factory.ts';
import { EXIT, UsageError, type Command, type ExitCode } from '../command.ts';
import { CONFIRMATION_OPTIONS, confirmed } from '../confirmation.ts';
import { parseDuration } from '../duration.ts';
import { textOption } from '../parse-command-line.ts';
import { PROGRESS_STEP, scanWithProgress } from '../scan-with-progress.ts';
import { BY, time } from '../session-view.ts';
import type { Terminal } from '../terminal.ts';

export const purge: Command = {
  name: 'purge',
  summary: 'End all sessions that began long ago, or before a point in time',
  details:
    'Counts them, and asks. It goes through all sessions, a page at a time, while the store serves others. A session\n' +
    'begins when it is first stored, and again with a login.',
  options: {
    'older-than': { type: 'string', value: 'duration', description: 'seconds, or a number with m, h or d; 0 for all' },
    before: { type: 'string', value: 'time', description: 'in place of --older-than: an ISO 8601 time' },
    ...CONFIRMATION_OPTIONS,
  },
  examples: ['purge --older-than 30d', 'purge --before 2026-05-01T12:00:00Z --yes', 'purge --older-than 0 --dry-run'],
  async run(context): Promise<ExitCode> {
    const { options, terminal } = context;
    const bound = parseBound(textOption(options, 'older-than'), textOption(options, 'before'));
    const { factory } = await context.open();
    const before = new Date(await pointInTime(await contextOf(factory).storeFor(undefined), bound));
    const isDry = options['dry-run'] === true;
    // A count costs as much as the purge, so it is left out where no one is asked.
    const counted = isDry || options['yes'] !== true ? await count(factory, before, terminal) : undefined;
    if (counted !== undefined) terminal.line(`${counted} sessions began before ${time(before)}.`);
    if (isDry) {
      terminal.object({ before, found: counted });
      return EXIT.ok;
    }
    if (!(await confirmed(context, 'End them?'))) return EXIT.refused;
    const ended = await purgeWithProgress(factory, before, terminal);
    terminal.line(`Ended ${ended} sessions.`);
    terminal.object({ before, ended });
    return EXIT.ok;
  },
};

/** Returns a point in time, or how many seconds ago it was. */
function parseBound(olderThan: string | undefined, before: string | undefined): Date | number {
  if ((olderThan === undefined) === (before === undefined)) {
    throw new UsageError('Expected one of --older-than and --before, to know what to end');
  }
  if (olderThan !== undefined) return parseDuration('older-than', olderThan);
  const at = new Date(before!);
  if (/^\d{4}-\d\d-\d\d/.test(before!) && !Number.isNaN(at.getTime())) return at;
  throw new UsageError('Expected --before to be an ISO 8601 time, such as 2026-05-01T12:00:00Z');
}

async function count(factory: SessionFactory, before: Date, terminal: Terminal): Promise<number> {
  let found = 0;
  const onProgress = (seen: number): void =>
    terminal.progress(`Looked at ${seen} sessions, of which ${found} are older`);
  for await (const { createdAt } of scanWithProgress(factory, onProgress)) if (createdAt < before) found += 1;
  return found;
}

async function purgeWithProgress(factory: SessionFactory, before: Date, terminal: Terminal): Promise<number> {
  let ended = 0;
  const stop = factory.on('destroyed', () => {
    ended += 1;
    if (ended % PROGRESS_STEP === 0) terminal.progress(`Ended ${ended} sessions`);
  });
  try {
    return await factory.sessions.purge({ olderThan: before, by: BY });
  } finally {
    stop();
  }
}
