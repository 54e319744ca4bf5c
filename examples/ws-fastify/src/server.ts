import { createApp } from './app.js';

const { PORT: port = 3000, HOST: host = 'localhost' } = process.env;

const app = await createApp();
await app.listen({ port: Number(port), host });
