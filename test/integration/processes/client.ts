import { once } from 'node:events';
import { request, type Agent, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  /** Headers that came once, by lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly cookies: readonly string[];
  readonly body: string;
}

export interface Sent {
  /** The first byte of the response has arrived. */
  readonly firstByte: Promise<void>;
  /** The whole head has. */
  readonly head: Promise<IncomingMessage>;
  readonly answer: Promise<Answer>;
}

/** Sends a GET on a socket of `agent`. Redirects are not followed. */
export function send(agent: Agent, url: string, headers: OutgoingHttpHeaders): Sent {
  const outgoing = request(url, { agent, headers });
  const firstByte = once(outgoing, 'socket').then(async ([socket]) => void (await once(socket as Socket, 'data')));
  const head = once(outgoing, 'response').then(([response]) => response as IncomingMessage);
  const answer = head.then(async (response) => ({
    status: response.statusCode ?? 0,
    headers: response.headers as Answer['headers'],
    cookies: response.headers['set-cookie'] ?? [],
    body: await text(response),
  }));
  // A request that fails says so by its answer.
  for (const promise of [firstByte, head]) promise.catch(() => {});
  outgoing.end();
  return { firstByte, head, answer };
}
