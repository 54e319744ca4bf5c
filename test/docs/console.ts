// Reads the exchanges of a ```console block, and replays them with fetch in place of curl.

/** One request by its commands, and what came back. */
export interface Exchanged {
  /** `cp` commands and, last, the `curl`. */
  readonly commands: readonly string[];
  readonly status: string;
  /** By lower-case name; the value of a session cookie is `*`. */
  readonly headers: Readonly<Record<string, string>>;
  /** A CSRF token is `*`. */
  readonly body: string;
}

const CSRF_TOKEN = /"csrf":"([^"]+)"/;

/** Tokens differ each time; that a cookie has a value, or none, does not. */
function masked(header: string): string {
  return header.replace(/^session=[^;]+/, 'session=*');
}

/** Leaves of a CSRF token that there is one. */
function maskedBody(body: string): string {
  return body.replace(CSRF_TOKEN, '"csrf":"*"');
}

export function exchangesIn(block: string): Exchanged[] {
  const exchanges: Exchanged[] = [];
  let commands: string[] = [];
  for (const part of block.split(/^\$ /m).filter((text) => text.trim() !== '')) {
    const [command = '', status, ...rest] = part.trimEnd().split('\n');
    commands.push(command);
    if (!command.startsWith('curl ')) continue;
    const blank = rest.indexOf('');
    const headers = rest.slice(0, blank).map((line) => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon).toLowerCase(), masked(line.slice(colon + 2))];
    });
    const body = maskedBody(rest.slice(blank + 1).join('\n'));
    exchanges.push({ commands, status: status ?? '', headers: Object.fromEntries(headers), body });
    commands = [];
  }
  return exchanges;
}

/**
 * As much of curl, and of cp, as the examples use: -i, -b, -c, -X, -H and a URL. The CSRF token of a command stands for
 * the last one that a page has shown, because the example's own are shortened.
 */
export class Curl {
  readonly #origin: string;
  readonly #leftOut: readonly string[];
  /** Cookie jars by file name. */
  readonly #jars = new Map<string, string>();
  #csrfToken = '';

  /** @param leftOut - names of response headers that are not looked at */
  constructor(origin: string, leftOut: readonly string[]) {
    this.#origin = origin;
    this.#leftOut = leftOut;
  }

  async run(commands: readonly string[]): Promise<Exchanged> {
    for (const command of commands.slice(0, -1)) this.#copy(command);
    const curl = commands.at(-1)!;
    const { method, path, from, to, csrf } = parse(curl);
    const cookie = from === undefined ? undefined : this.#jars.get(from);
    const response = await fetch(this.#origin + path, {
      method,
      redirect: 'manual',
      headers: {
        accept: '*/*',
        ...(cookie !== undefined && { cookie }),
        ...(csrf && { 'x-csrf-token': this.#csrfToken }),
      },
    });
    const body = await response.text();
    this.#csrfToken = CSRF_TOKEN.exec(body)?.[1] ?? this.#csrfToken;
    const headers = [...response.headers].filter(([name]) => !this.#leftOut.includes(name));
    for (const text of response.headers.getSetCookie()) {
      if (to === undefined) continue;
      if (/; Max-Age=0(?:;|$)/.test(text)) this.#jars.delete(to);
      else this.#jars.set(to, text.slice(0, text.indexOf(';')));
    }
    return {
      commands,
      status: `HTTP/1.1 ${response.status} ${response.statusText}`,
      headers: Object.fromEntries(headers.map(([name, value]) => [name, masked(value)])),
      body: maskedBody(body),
    };
  }

  #copy(command: string): void {
    const match = /^cp (\S+) (\S+)$/.exec(command);
    if (match === null) throw new Error(`Not understood: ${command}`);
    const cookie = this.#jars.get(match[1]!);
    if (cookie !== undefined) this.#jars.set(match[2]!, cookie);
  }
}

interface Command {
  method: string;
  path: string;
  from?: string;
  to?: string;
  /** Whether it sends a CSRF token. */
  csrf: boolean;
}

function parse(command: string): Command {
  const words = command.match(/'[^']*'|\S+/g)!.slice(1);
  const url = words.pop() ?? '';
  const parsed: Command = { method: 'GET', path: url.slice(url.indexOf('/')), csrf: false };
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-i') continue;
    const value = words.shift();
    if (value === undefined) throw new Error(`Not understood: ${command}`);
    if (word === '-X') parsed.method = value;
    else if (word === '-b') parsed.from = value;
    else if (word === '-c') parsed.to = value;
    else if (word === '-H' && value.startsWith("'x-csrf-token: ")) parsed.csrf = true;
    else throw new Error(`Not understood: ${command}`);
  }
  return parsed;
}
