import { load, seed, visit } from './load.mjs';

const cookieOf = (cookie) => ({ headers: { cookie } });
const each = (path) => (cookies) => cookies.map((cookie) => ({ path, ...cookieOf(cookie) }));

/** Requests by the Zipf distribution over sessions, four reads to one change. */
function playbook(cookies) {
  const weights = cookies.map((_, i) => 1 / (i + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let state = 42;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  return Array.from({ length: 20_000 }, (_, i) => {
    let left = random() * total;
    let index = 0;
    while (left > weights[index] && index < cookies.length - 1) left -= weights[index++];
    return { path: i % 5 === 4 ? '/change' : '/read', ...cookieOf(cookies[index]) };
  });
}

/** What is measured: which sessions there are before, and which requests are sent. */
export const WORKLOADS = {
  anonymous: { requests: () => [{ path: '/anonymous' }] },
  static: { size: 'ordinary', requests: each('/style.css') },
  read: { size: 'ordinary', requests: each('/read') },
  change: { size: 'ordinary', requests: each('/change') },
  'owned change': { size: 'owned', requests: each('/change') },
  login: { requests: () => [{ path: '/login' }] },
  'read of 16 KB': { size: '16', requests: each('/read') },
  'change of 64 KB': { size: '64', requests: each('/change'), amount: 3200 },
  playbook: { size: 'ordinary', count: 100_000, requests: playbook },
};

export async function prepare(port, { size, count = 64, requests }) {
  return requests(size === undefined ? [] : await seed(port, size, count));
}

/**
 * 32 parallel changes of one session, each of a field of its own, again and again.
 * @returns the latencies, and how many of the writes are there afterwards
 */
export async function parallelChanges(port, rounds) {
  let written = 0;
  const latencies = [];
  for (let round = 0; round < rounds; round++) {
    const cookie = await visit(port, '/seed-ordinary');
    const marks = Array.from({ length: 32 }, (_, i) => i);
    await Promise.all(
      marks.map(async (i) => {
        const begun = performance.now();
        await visit(port, `/mark?${i}`, cookie);
        latencies.push(performance.now() - begun);
      }),
    );
    const response = await fetch(`http://127.0.0.1:${port}/marks`, { headers: { cookie } });
    written += Number(await response.text());
  }
  latencies.sort((a, b) => a - b);
  return { p99: latencies[Math.floor(latencies.length * 0.99)], written, expected: rounds * 32 };
}

export { load };
