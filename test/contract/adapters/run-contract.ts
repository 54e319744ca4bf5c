import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import onHeaders from 'on-headers';
import { describe, test } from 'vitest';
import {
  adapterContract,
  type AdapterApp,
  type LateHeaders,
  type RouteAnswer,
  type RunningApp,
} from 'websauna-session/testing';
import { HttpCache } from './http-cache.ts';

export const PEER = '127.0.0.1';

/** Builds and starts the application of a check, mounted at `prefix`. */
export type StartApp = (app: AdapterApp, prefix: string) => RunningApp | Promise<RunningApp>;

/** Runs the whole contract, at the root and under a prefix. */
export function runContract(name: string, start: StartApp): void {
  for (const prefix of ['', '/shop/v1']) {
    describe(`adapter contract: ${name} at ${prefix || 'the root'}`, () => {
      for (const { title, run } of adapterContract()) {
        test(title, () =>
          run({
            prefix,
            peer: PEER,
            start: async (app) => await start(app, prefix),
            sharedCache: () => new HttpCache(),
          }),
        );
      }
    });
  }
}

/** Lets middleware at this position write its headers when the head is serialised, as express-cache-controller does. */
export function writeLate(
  res: ServerResponse,
  lateHeaders: LateHeaders | undefined,
  position: LateHeaders['position'],
): void {
  if (lateHeaders?.position !== position) return;
  onHeaders(res, () => {
    for (const [name, value] of Object.entries(lateHeaders.headers)) res.setHeader(name, value);
  });
}

export async function serve(listener: RequestListener): Promise<RunningApp> {
  return await listening(createServer(listener));
}

export async function listening(server: Server): Promise<RunningApp> {
  server.listen(0, PEER);
  await once(server, 'listening');
  return {
    origin: `http://${PEER}:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** An application without a network. */
export function direct(fetch: (request: Request) => Response | Promise<Response>): RunningApp {
  return { origin: `http://${PEER}`, fetch: async (request) => await fetch(request), close: async () => {} };
}

export function statusOf(error: unknown): number {
  return (error as { status?: number }).status ?? 500;
}

/** Makes the response of an error that the application is to hear of. */
export function errorResponder({ onError }: AdapterApp): (error: unknown) => Response {
  return (error) => {
    onError(error);
    return new Response('failed', { status: statusOf(error) });
  };
}

/** A route's answer as a Fetch response. */
export function toResponse(
  { status, headers = {}, body, stream, redirect }: RouteAnswer,
  url: string,
  prefix: string,
): Response {
  // Its headers are immutable, which adapters have to cope with.
  if (redirect !== undefined && Object.keys(headers).length === 0) {
    return Response.redirect(new URL(prefix + redirect, url), 302);
  }
  if (redirect !== undefined) throw new Error('No check redirects with headers of its own');
  const content = stream === undefined ? (body ?? '') : streamOf(stream);
  return new Response(content, { status: status ?? 200, headers });
}

export function streamOf(pieces: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done === true) controller.close();
        else controller.enqueue(new TextEncoder().encode(value));
      },
    },
    { highWaterMark: 0 },
  );
}
