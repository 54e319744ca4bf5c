// The load: 32 connections that send a request each, wait for all answers, and send the next. A generator that
// lets each connection go on by itself changes what it measures: a server that is faster than its clients answers
// one at a time, and pays for a system call each, where a slow one answers many at once. And it never sleeps: on one
// machine, a server that answers a generator which does pays for waking it up.
import { connect } from 'node:net';
import { once } from 'node:events';

const CONNECTIONS = 32;

/** Sends one request; returns its cookies as a `Cookie` header. */
export async function visit(port, path, cookie) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: cookie === undefined ? {} : { cookie } });
  await response.text();
  if (response.status >= 400) throw new Error(`${path} answered ${response.status}`);
  const set = response.headers.getSetCookie().map((text) => text.split(';')[0]);
  return set.length > 0 ? set.join('; ') : cookie;
}

/** A connection that is kept alive. It understands as much of HTTP as the servers here speak. */
class Connection {
  #socket;
  #rest = '';
  #answered;

  static async open(port) {
    const connection = new Connection();
    connection.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(connection.#socket, 'connect');
    connection.#socket.setEncoding('latin1');
    connection.#socket.on('data', (text) => connection.#receive(text));
    connection.#socket.on('close', () => connection.#answered?.(new Error('The server closed a connection')));
    return connection;
  }

  /** @param answered called once, with an error, or with `undefined` and the response's head */
  send(request, answered) {
    this.#answered = answered;
    this.#socket.write(request);
  }

  close() {
    this.#answered = undefined;
    this.#socket.destroy();
  }

  #receive(text) {
    this.#rest += text;
    const end = this.#rest.indexOf('\r\n\r\n');
    if (end === -1) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#rest.slice(0, end + 2))?.[1];
    const complete = length !== undefined && this.#rest.length >= end + 4 + Number(length);
    if (length !== undefined && !complete) return;
    const ok = complete && this.#rest.startsWith('HTTP/1.1 200');
    const head = this.#rest.slice(0, end);
    this.#rest = '';
    const answered = this.#answered;
    this.#answered = undefined;
    answered(ok ? undefined : new Error(`Answered with ${head}`), head);
  }
}

function openAll(port) {
  return Promise.all(Array.from({ length: CONNECTIONS }, () => Connection.open(port)));
}

/** Sessions with something in them, made by the server itself; their cookies as `Cookie` headers. */
export async function seed(port, size, count) {
  const connections = await openAll(port);
  const request = `GET /seed-${size} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  const cookies = [];
  let sent = 0;
  const seedOver = (connection) =>
    new Promise((resolve, reject) => {
      const next = () => {
        if (sent++ >= count) return resolve();
        connection.send(request, (error, head) => {
          if (error !== undefined) return reject(error);
          cookies.push([...head.matchAll(/^set-cookie: ([^;\r]+)/gim)].map(([, pair]) => pair).join('; '));
          next();
        });
      };
      next();
    });
  await Promise.all(connections.map(seedOver));
  for (const connection of connections) connection.close();
  return cookies;
}

/**
 * Sends `amount` requests over 32 connections.
 * @param requests `{ path, headers }`, taken in turn
 */
export async function load(port, amount, requests) {
  const connections = await openAll(port);
  const texts = requests.map(({ path, headers = {} }) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${lines.join('')}\r\n`;
  });
  const latencies = new Float64Array(Math.ceil(amount / CONNECTIONS) * CONNECTIONS);
  const begun = performance.now();
  try {
    for (let next = 0; next < amount; next += CONNECTIONS) await together(connections, texts, next, latencies);
  } finally {
    for (const connection of connections) connection.close();
  }
  const seconds = (performance.now() - begun) / 1000;
  latencies.sort();
  const at = (share) => latencies[Math.floor((latencies.length - 1) * share)];
  return { seconds, p50: at(0.5), p99: at(0.99) };
}

/** A request on each connection, and all answers. */
function together(connections, texts, first, latencies) {
  return new Promise((resolve, reject) => {
    let left = connections.length;
    const sent = performance.now();
    for (const [i, connection] of connections.entries()) {
      connection.send(texts[(first + i) % texts.length], (error) => {
        if (error !== undefined) {
          left = 0;
          return reject(error);
        }
        latencies[first + i] = performance.now() - sent;
        if (--left === 0) resolve();
      });
    }
    const stayAwake = () => {
      if (left > 0) setImmediate(stayAwake);
    };
    stayAwake();
  });
}
