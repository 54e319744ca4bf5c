// Runs the built package and the tests on other versions of Node: the oldest that is supported, and each later
// line. npm brings their binaries; the packages are those of the lock file. One line for each version:
//
//   Node v22.23.3: package ok, 1234 passed, 0 failed (61 s)
//
//   node scripts/test-nodes.mjs                        all versions, all tests but the browser's, who has no Node
//   node scripts/test-nodes.mjs 22 24 -- test/unit     these versions, with these arguments to Vitest
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collecting, install, pack, tryOut } from './package-trial.mjs';
import { countTests } from './vitest-count.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [asked, filters] = split(process.argv.slice(2));
const versions = asked.length > 0 ? asked : ['20.19.0', '22', '24', '26'];
const tests = filters.length > 0 ? filters : ['--exclude', 'test/browser/**'];

function split(args) {
  const at = args.indexOf('--');
  return at === -1 ? [args, []] : [args.slice(0, at), args.slice(at + 1)];
}

/** The binary of a version, where npm keeps what it runs. */
function find(run, version, folder) {
  const args = ['exec', '--yes', `--package=node@${version}`, '--', 'node', '-p', 'process.execPath'];
  return run(`npm exec node@${version}`, 'npm', args, folder)?.trim();
}

function testOn(node) {
  const { NODE_ENV: _, ...rest } = process.env;
  // What the tests start by name is this version too.
  const env = { ...rest, PATH: `${dirname(node)}${delimiter}${rest.PATH ?? ''}` };
  let output = '';
  const start = (args) => {
    const { status, stdout, stderr } = spawnSync(node, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
    output = stdout + stderr;
    return status === 0;
  };
  const counts = countTests(tests, start, 'dot');
  return { ...counts, output };
}

function test(version, folder, installed) {
  const start = performance.now();
  const problems = [];
  const run = collecting(problems);
  const node = find(run, version, folder);
  if (node !== undefined) {
    tryOut(run, installed, node);
    const packaged = problems.length === 0 ? 'ok' : 'FAILED';
    const { passed, failed, skipped, output } = testOn(node);
    if (failed > 0) problems.push(output);
    if (passed === 0) problems.push('No test ran.');
    const exact = run('Node', node, ['-p', 'process.version'])?.trim();
    const counts = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    console.log(`Node ${exact}: package ${packaged}, ${counts} (${Math.round((performance.now() - start) / 1000)} s)`);
  }
  for (const problem of problems) console.error(problem);
  return problems.length === 0;
}

const folder = mkdtempSync(join(tmpdir(), 'nodes-'));
try {
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('There is no dist/: run `npm run build` first.');
  const problems = [];
  const run = collecting(problems);
  const installed = join(folder, 'try');
  const packed = pack(run, folder);
  if (packed === undefined || !install(run, packed.tarball, installed)) throw new Error(problems.join('\n'));
  const results = versions.map((version) => test(version, folder, installed));
  process.exitCode = results.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
