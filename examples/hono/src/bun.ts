import { getConnInfo } from 'hono/bun';
import { createApp } from './app.ts';

const { PORT: port = 3000, HOST: hostname } = process.env;
const { fetch } = createApp({ clientAddress: (c) => getConnInfo(c).remote.address });

// Bun serves what its entry exports.
export default { port, hostname, fetch };
