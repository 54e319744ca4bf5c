import { node } from '@elysiajs/node';
import { createApp } from './app.ts';

createApp({ adapter: node() }).listen({ port: Number(process.env.PORT ?? 3000), hostname: process.env.HOST });
