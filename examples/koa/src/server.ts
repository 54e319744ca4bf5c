import { app } from './app.js';

const { PORT: port = 3000, HOST: host = 'localhost' } = process.env;
app.listen(Number(port), host);
