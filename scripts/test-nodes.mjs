// Runs the built package and the tests on other versions of Node: the oldest that is supported, and each later
// line. npm brings their binaries; the packages are those of the lock file. One line for each version:
//
//   Node v22.23.3: package ok, 1234 passed, 0 failed (61 s)
//
//   node scripts/test-nodes.mjs                        all versions, all tests but the browser's, which do not depend on it
//   node scripts/test-nodes.mjs 22 24 -- test/unit     these versions, with these arguments to Vitest
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collecting, install, pack, tryOut } from './package-trial.mjs';
import { countQuietly, inWords, splitArguments } from './vitest-count.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [asked, filters] = splitArguments(process.argv.slice(2));
const versions = asked.length > 0 ? asked : ['20.19.0', '22', '24', '26'];
const folders = readdirSync(join(root, 'test')).filter((name) => name !== 'browser');
const tests = filters.length > 0 ? filters : folders.map((name) => `test/${name}/`);

/** The binary of a version, where npm keeps what it runs. */
function find(run, version, folder) {
  const args = ['exec', '--yes', `--package=node@${version}`, '--', 'node', '-p', 'process.execPath'];
  return run(`npm exec node@${version}`, 'npm', args, folder)?.trim();
}

function testOn(node) {
  // What the tests start by name is this version too.
  return countQuietly(tests, node, { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` });
}

async function test(version, folder, installed) {
  const start = performance.now();
  const problems = [];
  const run = collecting(problems);
  const node = find(run, version, folder);
  if (node !== undefined) {
    tryOut(run, installed, node);
    const packaged = problems.length === 0 ? 'ok' : 'FAILED';
    const { output, ...counts } = await testOn(node);
    if (counts.failed > 0) problems.push(output);
    if (counts.passed === 0) problems.push('No test ran.');
    const exact = run('Node', node, ['-p', 'process.version'])?.trim();
    const seconds = Math.round((performance.now() - start) / 1000);
    console.log(`Node ${exact}: package ${packaged}, ${inWords(counts)} (${seconds} s)`);
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
  const results = [];
  for (const version of versions) results.push(await test(version, folder, installed));
  process.exitCode = results.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
