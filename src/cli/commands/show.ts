import { EXIT, type Command, type ExitCode } from '../command.ts';
import { textOption } from '../parse-command-line.ts';
import { checkHandle, noSuchSession, printSession, requireSecret } from '../session-view.ts';

export const show: Command = {
  name: 'show',
  summary: 'Show what is known about a session, except its data',
  details: 'With --owner, or if it is anonymous, it is looked up; otherwise it is looked for among all sessions.',
  args: [{ name: 'handle', description: 'its handle, as `list` prints it' }],
  options: { owner: { type: 'string', value: 'owner', description: 'its owner' } },
  examples: ['show w2N1bQ1x0qvSbm1eZ0cVqB7mC8lHk3yT5rD4sF6gJ9A --owner alice'],
  async run({ args, options, open, terminal }): Promise<ExitCode> {
    const handle = checkHandle(args['handle']!, '<handle>');
    const owner = textOption(options, 'owner');
    const { factory, hasSecret } = await open();
    if (owner !== undefined) requireSecret(hasSecret);
    const session = await factory.sessions.get(handle, owner === undefined ? {} : { owner });
    if (session === undefined) throw noSuchSession();
    printSession(session, terminal);
    return EXIT.ok;
  },
};
