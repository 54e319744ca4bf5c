import type { StoredSession } from '../../admin/stored-session.ts';
import type { SessionFactory } from '../../factory.ts';
import { EXIT, UsageError, type Command, type CommandContext, type ExitCode } from '../command.ts';
import { numberOption } from '../parse-command-line.ts';
import { indexOption, printSessions, requireSecret } from '../session-view.ts';

/** Sessions that are printed together, in one table. */
const PAGE = 100;

export const list: Command = {
  name: 'list',
  summary: 'List the sessions of an owner or of a login index, or any sessions',
  details:
    'An owner and an index are looked up; without them, the command goes through all sessions, in no order, until it\n' +
    'has as many as --limit says.',
  args: [{ name: 'owner', description: "the application's user id", optional: true }],
  options: {
    by: { type: 'string', value: 'name=value', description: 'the sessions of logins with this `index`' },
    limit: { type: 'string', value: 'number', description: `how many to list; 0 for all. Default: ${PAGE}` },
  },
  examples: ['list alice', 'list --by sid=08a5019c', 'list --limit 0 --json'],
  async run(context): Promise<ExitCode> {
    const { args, options, terminal } = context;
    const index = indexOption(options);
    const limit = numberOption(options, 'limit', 0) ?? PAGE;
    if (args['owner'] !== undefined && index !== undefined) throw new UsageError('Expected an owner or --by, got both');
    const { factory, hasSecret } = await context.open();
    if (args['owner'] !== undefined || index !== undefined) requireSecret(hasSecret);
    const { count, hasMore } = await print(
      sessionsOf(factory, args['owner'], index),
      limit === 0 ? Infinity : limit,
      context,
    );
    if (count === 0) terminal.line('No sessions.');
    if (hasMore) terminal.note(`There are more than these ${count}: raise --limit, or list all with --limit 0.`);
    return EXIT.ok;
  },
};

async function* sessionsOf(
  factory: SessionFactory,
  owner: string | undefined,
  index: { readonly name: string; readonly value: string } | undefined,
): AsyncGenerator<StoredSession> {
  if (owner !== undefined) yield* await factory.owners.list(owner);
  else if (index !== undefined) yield* await factory.owners.listBy(index.name, index.value);
  else yield* factory.sessions.scan();
}

async function print(
  sessions: AsyncIterable<StoredSession>,
  limit: number,
  { terminal }: CommandContext,
): Promise<{ count: number; hasMore: boolean }> {
  let page: StoredSession[] = [];
  let count = 0;
  const flush = (): void => {
    if (page.length > 0) printSessions(page, terminal);
    page = [];
  };
  for await (const session of sessions) {
    if (count === limit) {
      flush();
      return { count, hasMore: true };
    }
    count += 1;
    page.push(session);
    if (page.length === PAGE) flush();
  }
  flush();
  return { count, hasMore: false };
}
