// Runs the tests of stores, clusters, Redis clients and faults on newer servers than a stable Debian installs. As root
// on Debian it builds them by itself, from the sources of Debian's next releases, and keeps them in .servers/.
// Elsewhere it tests on the server that REDIS_SERVER names. One line for each:
//
//   Redis 8.6.3: 1234 passed, 0 failed (95 s)
//
//   node scripts/test-servers.mjs                                   all servers that Debian has
//   node scripts/test-servers.mjs valkey redis-8.6 -- test/cluster  those of these names, with these arguments
//   REDIS_SERVER=<path> node scripts/test-servers.mjs               this one
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { debianServers } from './debian-servers.mjs';
import { programs } from './programs.mjs';
import { countQuietly, inWords, splitArguments } from './vitest-count.mjs';

const [asked, filters] = splitArguments(process.argv.slice(2));
const tests =
  filters.length > 0
    ? filters
    : [
        'test/contract/stores',
        'test/contract/consistency',
        'test/cluster',
        'test/integration/redis-clients',
        'test/integration/faults',
        'test/faults',
      ];

const ELSEWHERE = `
On Debian and as root, this builds the servers by itself. Elsewhere, set REDIS_SERVER to the path of a redis-server or
valkey-server that was built with TLS (make BUILD_TLS=yes); the tests need OpenSSL too:

  REDIS_SERVER=... npm run test:servers
`;

/** Paths of the servers to test on. */
function chosen() {
  if (process.env.REDIS_SERVER) return [given()];
  let found;
  try {
    found = debianServers(asked);
  } catch (error) {
    throw new Error(`${error.message}\n${ELSEWHERE}`, { cause: error });
  }
  if (found.length === 0) throw new Error(`Debian has no server of the name ${asked.join(' ')}.`);
  return found.map(({ program }) => program);
}

function given() {
  const program = programs.redisServer();
  if (program === undefined) throw new Error('REDIS_SERVER names no program.');
  if (asked.length > 0) throw new Error(`REDIS_SERVER is set: unset it to test on ${asked.join(' ')}.`);
  return program;
}

/** `Redis 8.6.3` */
function titleOf(program) {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  const [, kind, version] = /^(\w+) server v=(\S+)/.exec(stdout ?? '') ?? [];
  return kind === undefined ? program : `${kind} ${version}`;
}

async function test(program) {
  const start = performance.now();
  const { output, ...counts } = await countQuietly(tests, process.execPath, { ...process.env, REDIS_SERVER: program });
  console.log(`${titleOf(program)}: ${inWords(counts)} (${Math.round((performance.now() - start) / 1000)} s)`);
  if (counts.failed > 0) console.error(output);
  if (counts.passed === 0) console.error('No test ran.');
  return counts.failed === 0 && counts.passed > 0;
}

// The tests run the package as it is built.
const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url));
if (!existsSync(entry)) throw new Error('There is no dist/: run `npm run build` first.');

let servers = [];
try {
  servers = chosen();
} catch (error) {
  console.error(error.message);
}
const results = [];
for (const program of servers) results.push(await test(program));
process.exitCode = results.length > 0 && results.every(Boolean) ? 0 : 1;
