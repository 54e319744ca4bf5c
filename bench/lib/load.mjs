import autocannon from 'autocannon';

const CONNECTIONS = 32;

/** One request by itself; gives its cookies as a `Cookie` header. */
export async function visit(port, path, cookie) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: cookie === undefined ? {} : { cookie } });
  await response.text();
  if (response.status >= 400) throw new Error(`${path} answered ${response.status}`);
  const set = response.headers.getSetCookie().map((text) => text.split(';')[0]);
  return set.length > 0 ? set.join('; ') : cookie;
}

/** Sessions with something in them, made by the server itself. */
export async function seed(port, size, count) {
  const cookies = [];
  for (let i = 0; i < count; i++) cookies.push(await visit(port, `/seed-${size}`));
  return cookies;
}

/**
 * Sends `amount` requests over 32 connections.
 * @param requests `{ path, headers }`, taken in turn by each connection
 */
export async function load(port, amount, requests) {
  const result = await autocannon({
    url: `http://127.0.0.1:${port}`,
    connections: CONNECTIONS,
    amount,
    requests: requests.map((request) => ({ method: 'GET', ...request })),
  });
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0) throw new Error(`${failed} of ${amount} requests failed`);
  return { seconds: result.duration, p50: result.latency.p50, p99: result.latency.p99 };
}
