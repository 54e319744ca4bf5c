import type { Express } from 'express';
import type { SlowWork } from '../src/compare/gates.ts';

// Without the types of express-session: they would declare `req.session` for the whole demo.
export declare function createApp(options: { store: object; secret: string; slowWork: SlowWork }): Express;
export declare function createStore(client: object | null): object;
