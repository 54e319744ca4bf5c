// Everything that must hold before a release. The checks run beside the tests, which wait a part of their time. Once the
// package is built, all of them run even if one fails, so that one run shows everything; the last line has the counts,
// for machines:
//
//   123 passed, 0 failed
//
// Arguments go to Vitest: `npm test -- test/unit`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { countTests } from './vitest-count.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const npm = (script) => ['npm', ['run', '--silent', script]];

// A deployment's NODE_ENV=production would change what is tested: Vitest sets the one that it needs.
const { NODE_ENV: _, ...inherited } = process.env;
// By default npm waits five minutes for a registry that has stopped answering, before it asks again.
const env = { npm_config_fetch_timeout: '30000', ...inherited };
// The compiler, and the part of the linter that knows types, are written in Go. On one thread, and without garbage collection
// until they need much memory, they take half as much of the processors, which the tests keep busy.
const besideTests = { GOMAXPROCS: '1', GOGC: 'off', GOMEMLIMIT: '3GiB', ...env };

/** Runs a program. Prints what it writes, at once or when it has ended, and resolves to whether it exited with 0. */
async function run(title, [command, args], { variables = env, live = false } = {}) {
  const start = performance.now();
  if (live) console.log(`\n== ${title}`);
  const child = spawn(command, args, {
    cwd: root,
    env: variables,
    stdio: ['ignore', live ? 'inherit' : 'pipe', live ? 'inherit' : 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const ok = await once(child, 'close').then(
    ([code]) => code === 0,
    (error) => {
      output += error.message;
      return false;
    },
  );
  const result = `== ${title}: ${ok ? 'ok' : 'FAILED'} (${Math.round(performance.now() - start)} ms)`;
  console.log(live ? `${output}\n${result}` : `\n== ${title}\n${output}${result}`);
  return ok;
}

const failures = [];
async function check(title, command, variables) {
  const ok = await run(title, command, { variables });
  if (!ok) failures.push(title);
  return ok;
}

async function build() {
  return (await check('build', npm('build'))) && (await check('build of the demo', npm('build:demo')));
}

async function prepare() {
  const programs = check('programs', [process.execPath, ['scripts/prepare-tests.mjs']]);
  return (await Promise.all([programs, build()])).every(Boolean);
}

async function test() {
  return await countTests(process.argv.slice(2), (args) => run('tests', [process.execPath, args], { live: true }));
}

async function checkAll(ready) {
  const checkBeside = (title, command) => check(title, command, besideTests);
  // These need nothing that is built.
  await checkBeside('types', npm('check:types'));
  if (!(await ready)) return;
  await checkBeside('lint', npm('lint'));
  await checkBeside('docs', npm('check:docs'));
  await checkBeside('package', npm('check:package'));
  // The others need a bundler or a newer Node, or are much like one of these: `npm run test:examples`.
  const names = ['h3', 'hono-bun', 'nest', 'socketio-express', 'ws-fastify'];
  await checkBeside('examples', [process.execPath, ['scripts/test-examples.mjs', '--link', ...names]]);
  await checkBeside('seeded bugs', npm('check:bugs'));
}

const ready = prepare();
const [tests] = await Promise.all([
  ready.then((ok) => (ok ? test() : { passed: 0, failed: 0, skipped: 0 })),
  checkAll(ready),
]);

if (tests.skipped > 0) console.log(`\n${tests.skipped} skipped`);
if (failures.length > 0) console.log(`\nFailed besides the tests: ${failures.join(', ')}`);
const failed = tests.failed + failures.length;
console.log(`\n${tests.passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && tests.passed > 0 ? 0 : 1;
