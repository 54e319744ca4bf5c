// Everything that must hold before a release, in the order in which a failure is cheapest. All checks run even
// when one fails, so that one run shows everything; the last line has the counts, for machines:
//
//   123 passed, 0 failed
//
// Arguments go to Vitest: `npm test -- test/unit`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { countTests } from './vitest-count.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const npm = (script) => ['npm', ['run', '--silent', script]];

// A deployment's NODE_ENV=production would change what is tested: Vitest sets the one that it needs.
const { NODE_ENV: _, ...env } = process.env;

function run(title, [command, args]) {
  const start = performance.now();
  console.log(`\n== ${title}`);
  const { status, error } = spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) console.error(error.message);
  console.log(`== ${title}: ${status === 0 ? 'ok' : 'FAILED'} (${Math.round(performance.now() - start)} ms)`);
  return status === 0;
}

const failures = [];
const check = (title, command) => {
  const ok = run(title, command);
  if (!ok) failures.push(title);
  return ok;
};

let tests = { passed: 0, failed: 0, skipped: 0 };
const ready =
  check('programs', [process.execPath, ['scripts/prepare-tests.mjs']]) &&
  check('build', npm('build')) &&
  check('build of the demo', npm('build:demo'));
if (ready) {
  check('lint', npm('lint'));
  check('types', npm('check:types'));
  check('docs', npm('check:docs'));
  check('package', npm('check:package'));
  // The others take a bundler, a newer Node, or the time that these take once more: `npm run test:examples`.
  const names = ['h3', 'hono-bun', 'nest', 'socketio-express', 'ws-fastify'];
  check('examples', [process.execPath, ['scripts/test-examples.mjs', ...names]]);
  check('seeded bugs', npm('check:bugs'));
  tests = countTests(process.argv.slice(2), (args) => run('tests', [process.execPath, args]));
}

if (tests.skipped > 0) console.log(`\n${tests.skipped} skipped`);
if (failures.length > 0) console.log(`\nFailed besides the tests: ${failures.join(', ')}`);
const failed = tests.failed + failures.length;
console.log(`\n${tests.passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && tests.passed > 0 ? 0 : 1;
