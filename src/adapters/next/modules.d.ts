// What the adapter uses of Next's modules. They are named by file, as Node finds them too when the package is not
// bundled. Their own types are checked where the adapter meets an application, in examples/next.

declare module 'next/headers.js' {
  /** The request's headers: the same object for everything that one request renders or runs. */
  export function headers(): Promise<Headers>;
  export function cookies(): Promise<CookieJar>;

  export interface CookieJar {
    set(cookie: {
      name: string;
      value: string;
      maxAge?: number;
      path: string;
      domain?: string;
      secure: boolean;
      httpOnly: boolean;
      sameSite: 'strict' | 'lax' | 'none';
      partitioned: boolean;
      priority?: 'low' | 'medium' | 'high';
    }): unknown;
    delete(name: string): unknown;
  }
}

declare module 'next/server.js' {
  export const NextResponse: {
    next(init?: { request: { headers: Headers } }): Response;
  };
}
