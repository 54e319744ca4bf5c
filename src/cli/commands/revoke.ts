import type { StoredSession } from '../../admin/stored-session.ts';
import type { SessionFactory } from '../../factory.ts';
import { EXIT, UsageError, type Command, type CommandContext, type ExitCode } from '../command.ts';
import { CONFIRMATION_OPTIONS, confirmed } from '../confirmation.ts';
import { textOption } from '../parse-command-line.ts';
import { BY, checkHandle, indexOption, noSuchSession, printSessions, requireSecret } from '../session-view.ts';

/** What would be ended, and how. */
interface Plan {
  readonly sessions: readonly StoredSession[];
  readonly question: string;
  /** Returns how many were ended. */
  readonly end: () => Promise<number>;
}

export const revoke: Command = {
  name: 'revoke',
  summary: 'End a session, all sessions of an owner, or those of a login index',
  details:
    'Shows what will be ended, and asks. All sessions of an owner end in one step, with those that begin meanwhile.\n' +
    'If the application sets redis.publishEnds, pass --publish-ends or --factory, so that sockets are closed at once.',
  args: [{ name: 'handle', description: 'the handle of one session, as `list` prints it', optional: true }],
  options: {
    owner: { type: 'string', value: 'owner', description: 'all sessions of this owner, or the owner of the session' },
    except: { type: 'string', value: 'handle', description: 'with --owner alone: a session to spare' },
    by: { type: 'string', value: 'name=value', description: 'the sessions of logins with this `index`' },
    ...CONFIRMATION_OPTIONS,
  },
  examples: [
    'revoke w2N1bQ1x0qvSbm1eZ0cVqB7mC8lHk3yT5rD4sF6gJ9A --owner alice',
    'revoke --owner alice --yes',
    'revoke --by sid=08a5019c --dry-run',
  ],
  async run(context): Promise<ExitCode> {
    const { options, terminal } = context;
    const { sessions, question, end } = await planOf(context);
    if (!terminal.json || options['dry-run'] === true) printSessions(sessions, terminal);
    if (options['dry-run'] === true) return EXIT.ok;
    if (!(await confirmed(context, question))) return EXIT.refused;
    const ended = await end();
    terminal.line(`Ended ${ended} ${ended === 1 ? 'session' : 'sessions'}.`);
    terminal.object({ ended });
    return EXIT.ok;
  },
};

async function planOf(context: CommandContext): Promise<Plan> {
  const { args, options } = context;
  const index = indexOption(options);
  const [owner, except] = [textOption(options, 'owner'), textOption(options, 'except')];
  const handle = args['handle'] === undefined ? undefined : checkHandle(args['handle'], '<handle>');
  if ([handle ?? owner, index].filter((given) => given !== undefined).length !== 1) {
    throw new UsageError('Expected one of <handle>, --owner and --by, to know what to end');
  }
  if (except !== undefined && (owner === undefined || handle !== undefined)) {
    throw new UsageError('Expected --except only with --owner, and without <handle>');
  }
  const { factory, hasSecret } = await context.open();
  if (owner !== undefined || index !== undefined) requireSecret(hasSecret);
  if (index !== undefined) return planForIndex(factory, index.name, index.value);
  if (handle !== undefined) return planForOne(factory, handle, owner, hasSecret);
  return planForOwner(factory, owner!, except === undefined ? undefined : checkHandle(except, '--except'));
}

async function planForIndex({ owners }: SessionFactory, name: string, value: string): Promise<Plan> {
  const sessions = await owners.listBy(name, value);
  const question = `End ${sessions.length} sessions with this ${name}?`;
  return { sessions, question, end: () => owners.revokeBy(name, value, { by: BY }) };
}

async function planForOwner({ owners }: SessionFactory, owner: string, except: string | undefined): Promise<Plan> {
  const sessions = (await owners.list(owner)).filter((session) => session.handle !== except);
  const spared = except === undefined ? { by: BY } : { except: { handle: except }, by: BY };
  return {
    sessions,
    question: `End ${sessions.length} sessions of this owner, and any that begin meanwhile?`,
    end: () => owners.revoke(owner, spared),
  };
}

async function planForOne(
  { owners, sessions }: SessionFactory,
  handle: string,
  owner: string | undefined,
  hasSecret: boolean,
): Promise<Plan> {
  const lookup = owner === undefined ? {} : { owner };
  const found = await sessions.get(handle, lookup);
  if (found === undefined) throw noSuchSession();
  const end = async (): Promise<number> => {
    // In one step, where the owner says where it is.
    const byOwner =
      found.owner !== null && hasSecret && (await owners.revokeSession(found.owner, found.handle, { by: BY }));
    if (byOwner || (await sessions.destroy(found.handle, { ...lookup, by: BY }))) return 1;
    throw noSuchSession();
  };
  return { sessions: [found], question: 'End this session?', end };
}
