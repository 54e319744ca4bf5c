import { createServer } from 'node:http';
import { createApp } from './app.js';
import { serveSockets } from './sockets.js';

const { PORT: port = 3000, HOST: host } = process.env;

const server = createServer(createApp());
serveSockets(server);
server.listen({ port: Number(port), host });
