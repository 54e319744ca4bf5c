import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Sends `signal` and waits for the exit; a child that ignores it for `timeout` milliseconds is killed. */
export async function terminate(child: ChildProcess, signal: NodeJS.Signals, timeout = 5_000): Promise<void> {
  if (child.pid === undefined || hasExited(child)) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  // A process that is stopped answers no signal but SIGKILL before it goes on.
  child.kill('SIGCONT');
  const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
  await exited;
  clearTimeout(timer);
}

/** A child's output, kept from the start, so that a waiting test cannot miss a line. */
export class Output {
  #text = '';
  #ended: Error | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(child: ChildProcess) {
    const keep = (chunk: string): void => {
      this.#text += chunk;
      this.#look();
    };
    const end = (error: Error): void => {
      this.#ended ??= error;
      this.#look();
    };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);
    child.once('error', end);
    // 'close' and not 'exit': by then everything that it printed has arrived.
    child.once('close', (code, signal) => end(new Error(`The process ended (${signal ?? code}).`)));
  }

  get text(): string {
    return this.#text;
  }

  /**
   * Returns the match of `pattern` in the output so far, or as soon as it is there.
   *
   * @throws When the child ends first, or prints no such thing for `timeout` milliseconds; with its output.
   */
  async match(pattern: RegExp, timeout = 20_000): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(late);
        this.#waiting.delete(look);
        settle();
      };
      const fail = (cause: Error): void => {
        done(() => reject(new Error(`Never printed ${pattern}. ${cause.message}\n${this.#text}`, { cause })));
      };
      const look = (): void => {
        const match = pattern.exec(this.#text);
        if (match) done(() => resolve(match));
        else if (this.#ended) fail(this.#ended);
      };
      const late = setTimeout(() => fail(new Error(`Waited ${timeout} ms.`)), timeout);
      this.#waiting.add(look);
      look();
    });
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }
}
