// What the examples of the documentation may use without declaring it: the parts of other run-times that they touch.

declare const Bun: {
  serve(options: {
    port: number;
    fetch(request: Request, server: { requestIP(request: Request): { address: string } | null }): Promise<Response>;
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
