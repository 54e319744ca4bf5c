// What the examples of the documentation may use without declaring it: the parts of other run-times that they touch.

interface BunServer<Data> {
  requestIP(request: Request): { address: string } | null;
  upgrade(request: Request, options: { data: Data }): boolean;
}

interface BunSocket<Data> {
  data: Data;
  send(text: string): number;
  close(code: number, reason: string): void;
}

declare const Bun: {
  serve<Data = undefined>(options: {
    port: number;
    fetch(request: Request, server: BunServer<Data>): Promise<Response | undefined>;
    websocket?: {
      open(socket: BunSocket<Data>): void;
      message(socket: BunSocket<Data>, message: string | Buffer): void;
      close(socket: BunSocket<Data>): void;
    };
  }): unknown;
};

declare const Deno: {
  env: { get(name: string): string | undefined };
  serve(
    options: { port: number },
    handler: (request: Request, info: { remoteAddr: { hostname: string } }) => Promise<Response>,
  ): unknown;
};

declare module 'next/navigation' {
  export function redirect(url: string): never;
}

declare module 'next/server' {
  export interface NextRequest extends Request {
    readonly nextUrl: URL;
  }
  export const NextResponse: { redirect(url: URL): Response };
}

// The module of docs/frameworks/next.md that its other modules import.
declare module '@/lib/session' {
  import type { SessionFactory, WebsaunaSession } from 'websauna-session';
  import type { NextSessions } from 'websauna-session/next';
  interface Data {
    visits: number;
  }
  export const factory: SessionFactory<Data>;
  export const { getSession, action, route, proxy }: NextSessions<WebsaunaSession<Data>>;
}
