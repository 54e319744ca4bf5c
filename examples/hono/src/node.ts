import { serve } from '@hono/node-server';
import { createApp } from './app.ts';

const { PORT: port = 3000, HOST: hostname } = process.env;
serve({ fetch: createApp().fetch, port: Number(port), hostname });
