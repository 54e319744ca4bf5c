import { migrateAll, type MigrationCounts } from '../../compat/migrate/migrate-all.ts';
import { contextOf } from '../../factory.ts';
import { EXIT, messageOf, UsageError, type Command, type CommandContext, type ExitCode } from '../command.ts';
import { quote, textOption } from '../parse-command-line.ts';

export const migrate: Command = {
  name: 'migrate',
  summary: 'Convert the sessions of express-session or @fastify/session that have not been used since',
  details:
    'The factory needs `migrateFrom` in the phase `convert`. The application can go on running. An interrupted run ' +
    'is continued by the next one. Sessions keep the time that they have left.',
  options: {
    'dry-run': { type: 'boolean', description: 'count what would be converted, and change nothing' },
    concurrency: { type: 'string', value: 'number', description: 'sessions at the same time. Default: 16' },
  },
  examples: [
    'migrate --factory ./sessions.js --dry-run',
    'migrate --factory ./sessions.js',
    'migrate --factory ./sessions.js --json',
  ],
  async run(context): Promise<ExitCode> {
    const { options, terminal } = context;
    const concurrency = parseConcurrency(textOption(options, 'concurrency'));
    const dryRun = options['dry-run'] === true;
    const { factory } = await context.open();
    if (contextOf(factory).config.migration?.phase !== 'convert') {
      throw new UsageError('Expected the factory to have `migrateFrom` in the phase `convert`');
    }
    const errors = new Map<string, number>();
    const stop = new AbortController();
    void context.interrupted().then(() => stop.abort());
    const counts = await migrateAll(factory, {
      dryRun,
      signal: stop.signal,
      ...(concurrency !== undefined && { concurrency }),
      onProgress: (so) => terminal.progress(`${so.found} found, ${so.converted} converted`),
      onError: (error) => {
        const message = messageOf(error);
        errors.set(message, (errors.get(message) ?? 0) + 1);
      },
    });
    report(context, counts, dryRun, stop.signal.aborted, errors);
    return counts.failed > 0 || stop.signal.aborted ? EXIT.refused : EXIT.ok;
  },
};

function parseConcurrency(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new UsageError(`Expected --concurrency to be a number between 1 and 999, got ${quote(text)}`);
}

function report(
  { terminal }: CommandContext,
  counts: MigrationCounts,
  dryRun: boolean,
  interrupted: boolean,
  errors: ReadonlyMap<string, number>,
): void {
  terminal.object({ dryRun, interrupted, ...counts, errors: Object.fromEntries(errors) });
  terminal.table(
    ['Sessions', 'Number'],
    [
      ['found', String(counts.found)],
      [dryRun ? 'would be converted' : 'converted', String(counts.converted)],
      ['were converted or had ended before', String(counts.known)],
      ['end within two minutes, left alone', String(counts.expiring)],
      ['cannot be read, left alone', String(counts.unreadable)],
      ['failed', String(counts.failed)],
    ],
  );
  for (const [message, count] of errors) terminal.note(`${count} x ${message}`);
  if (interrupted) terminal.note('Interrupted. Run it again to go on.');
}
