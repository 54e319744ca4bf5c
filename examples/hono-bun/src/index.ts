import { websocket } from 'hono/bun';
import { app } from './app';

const { PORT: port = 3000, HOST: hostname } = process.env;

// Bun serves what its entry exports.
export default { port, hostname, fetch: app.fetch, websocket };
