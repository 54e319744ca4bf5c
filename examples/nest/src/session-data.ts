import 'websauna-session';

declare module 'websauna-session' {
  interface SessionData {
    visits: number;
    raw: boolean;
    outer: string;
    inner: string;
    late: boolean;
    failed: boolean;
  }
}
