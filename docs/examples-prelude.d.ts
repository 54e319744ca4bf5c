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

declare module 'next/headers' {
  export function headers(): Promise<Headers>;
}

declare module 'next/navigation' {
  export function redirect(url: string): never;
}

declare module 'react' {
  export function cache<F>(read: F): F;
}

// The modules of docs/nextjs.md, which its other modules import.
declare module '@/lib/session' {
  import type { SessionFactory, WebsaunaSession } from 'websauna-session';
  export const factory: SessionFactory;
  export function withSession<Rest extends unknown[]>(
    handler: (request: Request, session: WebsaunaSession, ...rest: Rest) => Response | Promise<Response>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
}

declare module '@/lib/current-user' {
  export function currentOwner(): Promise<string | null>;
}
