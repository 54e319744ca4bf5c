import type { Express } from 'express';
import type { SessionFactory } from 'websauna-session';
import type { SessionStore } from 'websauna-session/store';
import type { SlowWork } from '../src/compare/gates.ts';

export declare function createApp(options: { factory: SessionFactory; slowWork: SlowWork }): Express;
export declare function createFactory(options: {
  /** A client of node-redis; `null` to use `store`. */
  client: object | null;
  store: SessionStore;
  secret: string;
}): SessionFactory;
