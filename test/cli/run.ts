import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ExitCode } from '../../src/cli/command.ts';
import { main } from '../../src/cli/main.ts';

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whether the streams are a terminal. Default `false`: a pipe. */
  readonly tty?: boolean;
  /** What is typed. Default: nothing; the input has ended. */
  readonly input?: string;
  /** Resolves when Ctrl+C is pressed. Default: never. */
  readonly interrupted?: Promise<void>;
  /** Called with everything that is printed. */
  readonly onOutput?: (text: string) => void;
}

export interface RunResult {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, with streams and an environment of its own. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { env = {}, tty = false, input = '', interrupted = new Promise(() => {}), onOutput } = options;
  const stream = (): PassThrough & { isTTY: boolean } => Object.assign(new PassThrough(), { isTTY: tty });
  const [stdin, stdout, stderr] = [stream(), stream(), stream()];
  stdin.end(input);
  if (onOutput) for (const each of [stdout, stderr]) each.on('data', (chunk) => onOutput(String(chunk)));
  const reading = Promise.all([text(stdout), text(stderr)]);
  const code = await main(args, { stdin, stdout, stderr, env, interrupted: () => interrupted });
  stdout.end();
  stderr.end();
  const [out, err] = await reading;
  return { code, stdout: out, stderr: err };
}

/** Returns the objects that a command has printed with `--json`. */
export function objects(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
