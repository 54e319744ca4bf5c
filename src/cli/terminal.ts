import { createInterface } from 'node:readline';
import { inspect } from 'node:util';

/** The streams and the environment of the process, or what a test has in their place. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Resolves when the process is asked to end. Until it is called, the process ends as always. */
  readonly interrupted: () => Promise<void>;
}

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow';

/** Prints for people or, with `--json`, for programs: one JSON object a line. */
export class Terminal {
  /** Whether output is for programs. */
  readonly json: boolean;
  readonly #io: Io;
  #progressShown = false;

  constructor(io: Io, json: boolean) {
    this.#io = io;
    this.json = json;
  }

  /** Whether someone sits in front of it who can be asked. */
  get isInteractive(): boolean {
    return !this.json && this.#io.stdin.isTTY === true && this.#io.stderr.isTTY === true;
  }

  /** Prints a line for people. Nothing with `--json`. */
  line(text = ''): void {
    if (!this.json) this.#print(text);
  }

  /** Prints an object for programs. Nothing without `--json`. */
  object(value: object): void {
    if (this.json) this.#print(JSON.stringify(value));
  }

  /** Prints text as it is. */
  text(text: string): void {
    this.#clearProgress();
    this.#io.stdout.write(text);
  }

  /** Prints a message beside the output. */
  note(text: string): void {
    this.#clearProgress();
    this.#io.stderr.write(`${text}\n`);
  }

  /** Prints an error beside the output; for programs as an object. */
  error(message: string, code?: string): void {
    const text = printable(message);
    this.note(
      this.json
        ? JSON.stringify({ error: { ...(code !== undefined && { code }), message: text } })
        : `${this.style('red', 'Error:', this.#io.stderr)} ${text}`,
    );
  }

  /** Shows how far long work is, on a terminal only; the next output replaces it. */
  progress(text: string): void {
    if (this.#io.stderr.isTTY !== true || this.json) return;
    this.#io.stderr.write(`\r\u001b[K${text}`);
    this.#progressShown = true;
  }

  /** Returns a text in a colour where the stream is a terminal and `NO_COLOR` is not set. */
  style(style: Style, text: string, stream: { readonly isTTY?: boolean } = this.#io.stdout): string {
    const { NO_COLOR, TERM } = this.#io.env;
    if (stream.isTTY !== true || (NO_COLOR ?? '') !== '' || TERM === 'dumb') return text;
    const [on, off] = inspect.colors[style]!;
    return `\u001b[${on}m${text}\u001b[${off}m`;
  }

  /** Prints rows in columns as wide as their widest cell. Nothing with `--json`. */
  table(header: readonly string[], rows: readonly (readonly string[])[]): void {
    if (this.json) return;
    const cells = [header, ...rows].map((row) => row.map(printable));
    const widths = header.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ''))));
    for (const [index, row] of cells.entries()) {
      const text = row
        .map((cell, column) => pad(cell, widths[column]!))
        .join('  ')
        .trimEnd();
      this.line(index === 0 ? this.style('bold', text) : text);
    }
  }

  /** Asks a question that is answered with yes or no; anything but yes is a no. */
  async confirm(question: string): Promise<boolean> {
    this.#clearProgress();
    const asking = createInterface({ input: this.#io.stdin, output: this.#io.stderr });
    this.#io.stderr.write(`${question} [y/N] `);
    const answer = await new Promise<string>((resolve) => {
      asking.once('line', resolve);
      // The input has ended, or Ctrl+C was pressed.
      asking.once('close', () => resolve(''));
    });
    asking.close();
    return /^y(?:es)?$/i.test(answer.trim());
  }

  #print(text: string): void {
    this.#clearProgress();
    this.#io.stdout.write(`${text}\n`);
  }

  #clearProgress(): void {
    if (!this.#progressShown) return;
    this.#progressShown = false;
    this.#io.stderr.write('\r\u001b[K');
  }
}

/**
 * Returns a text without control characters: user agents and owners come from outside, and would otherwise be able to
 * command the terminal.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}

function widthOf(text: string): number {
  return Array.from(text).length;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}
