import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { hasExited, Output, terminate } from './child.ts';
import { guard } from './guard.mjs';

/** Bun, of its package. */
export const BUN: string = fileURLToPath(new URL('../../node_modules/.bin/bun', import.meta.url));

export interface ProcessOptions {
  readonly args?: readonly string[];
  /** Added to this process's environment; `undefined` takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Options of `node` itself, such as `['--expose-gc']`. */
  readonly execArgv?: readonly string[];
  /** What runs the fixture. Default: this Node. */
  readonly program?: string;
}

/** What a fixture prints, as one line of JSON, once it listens: its port, and what else a test needs to know. */
export interface Ready {
  readonly port: number;
  readonly [name: string]: unknown;
}

export interface NodeProcess {
  readonly pid: number;
  readonly port: number;
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  readonly ready: Ready;
  /** Everything that it printed so far, errors included. */
  readonly output: string;
  readonly running: boolean;
  /** Waits for a line of output that matches. */
  match(pattern: RegExp, timeout?: number): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
  /** Ends it with SIGTERM, and waits for its exit. */
  stop(): Promise<void>;
  /** Ends it as a crash would, and waits for its exit. */
  kill(): Promise<void>;
}

/**
 * Runs a fixture on Node, or on another program, and waits for its ready line: `{"port":12345}`, first on a line of its own.
 * It ends with this process at the latest.
 */
export async function startProcess(fixture: URL, options: ProcessOptions = {}): Promise<NodeProcess> {
  const child = spawn(
    options.program ?? process.execPath,
    [...(options.execArgv ?? []), fileURLToPath(fixture), ...(options.args ?? [])],
    { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  guard(child);
  const output = new Output(child);
  let ready: Ready;
  try {
    const [line] = await output.match(/^\{.*"port":.*\}\r?\n/m);
    ready = JSON.parse(line) as Ready;
  } catch (error) {
    await terminate(child, 'SIGKILL');
    throw error;
  }
  return {
    pid: child.pid ?? -1,
    port: ready.port,
    url: `http://127.0.0.1:${ready.port}`,
    ready,
    get output() {
      return output.text;
    },
    get running() {
      return !hasExited(child);
    },
    match: (pattern, timeout) => output.match(pattern, timeout),
    signal: (name) => void child.kill(name),
    stop: () => terminate(child, 'SIGTERM'),
    kill: () => terminate(child, 'SIGKILL'),
  };
}
