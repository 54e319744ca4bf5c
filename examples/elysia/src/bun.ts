import { createApp } from './app.ts';

createApp().listen({ port: process.env.PORT ?? 3000, hostname: process.env.HOST });
