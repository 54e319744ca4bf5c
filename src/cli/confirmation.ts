import { UsageError, type CommandContext, type CommandOption } from './command.ts';

/** The options of commands that ask before they act. */
export const CONFIRMATION_OPTIONS: Readonly<Record<string, CommandOption>> = {
  yes: { type: 'boolean', short: 'y', description: 'do not ask' },
  'dry-run': { type: 'boolean', description: 'only show what would be ended' },
};

/**
 * Asks whether to go on after a preview. Returns whether to.
 * @throws {UsageError} when there is no terminal to ask at, and `--yes` is not given
 */
export async function confirmed({ options, terminal }: CommandContext, question: string): Promise<boolean> {
  if (options['yes'] === true) return true;
  if (!terminal.isInteractive)
    throw new UsageError('Expected --yes where there is no terminal to ask on. Nothing was ended');
  if (await terminal.confirm(question)) return true;
  terminal.note('Nothing was ended.');
  return false;
}
