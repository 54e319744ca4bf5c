import { serve } from '@hono/node-server';
import { app } from './app.ts';

const { PORT: port = 3000, HOST: hostname } = process.env;
serve({ fetch: app.fetch, port: Number(port), hostname });
