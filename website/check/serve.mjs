// Serves the built site as GitHub Pages does: addresses without .html, and 404.html for what does not exist.
import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileOf } from './links.mjs';

const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};

/** Returns the address of the site, and `close`. */
export async function serve(folder, base) {
  const has = (path) => !path.includes('..') && statSync(join(folder, path), { throwIfNoEntry: false })?.isFile();
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const found = pathname.startsWith(base) ? fileOf(decodeURI(pathname.slice(base.length)), has) : undefined;
    const file = found ?? '404.html';
    response.writeHead(found === undefined ? 404 : 200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    });
    createReadStream(join(folder, file)).pipe(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { address: `http://127.0.0.1:${server.address().port}${base}`, close };
}
