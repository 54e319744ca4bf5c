import { once } from 'node:events';
import { request as httpRequest, type Agent, type IncomingMessage, type RequestOptions } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  readonly reason: string;
  /** Lower-case names; of headers that repeat, all values joined with a line feed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly trailers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface AskInit {
  /** Default `/`. */
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
  readonly body?: string;
}

/** A request of which everything is seen, byte by byte if need be. */
export async function ask(port: number, init: AskInit = {}): Promise<Answer> {
  const { path = '/', method = 'GET', headers = {}, agent, body } = init;
  const options: RequestOptions = { host: '127.0.0.1', port, path, method, headers, agent: agent ?? false };
  const request = httpRequest(options).end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const content = await buffer(response);
  const { rawHeaders, statusCode = 0, statusMessage = '', trailers } = response;
  const fields: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    fields[name] = name in fields ? `${fields[name]}\n${rawHeaders[i + 1]}` : rawHeaders[i + 1]!;
  }
  const cookies = response.headers['set-cookie'] ?? [];
  return { status: statusCode, reason: statusMessage, headers: fields, cookies, trailers, body: content };
}

/** An answer without what the moment and the session have added to it. */
export function plainPart(answer: Answer): Omit<Answer, 'cookies'> {
  const { cookies: _cookies, headers, ...rest } = answer;
  const { date: _date, 'set-cookie': _set, vary: _vary, 'cache-control': _cache, ...kept } = headers;
  return { ...rest, headers: kept };
}
