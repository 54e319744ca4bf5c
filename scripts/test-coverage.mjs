// Measures which branches of the sources the tests take that run in this machine's processes of Vitest, with a Redis
// where they need one. Those that take minutes, or run the sources in processes of their own, are left out. Fails below
// the thresholds in vitest.config.ts.
//
// Arguments go to Vitest: `npm run test:coverage -- --maxWorkers=1`.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const TESTS = [
  'test/unit',
  'test/contract',
  'test/adapters',
  'test/dashboard',
  'test/compat/express-session',
  'test/compat/express-store',
  ...['attacks', 'beside', 'convert', 'factory', 'migrate-all', 'options', 'store'].map(
    (name) => `test/compat/migrate/${name}`,
  ),
  'test/otel',
  'test/cli',
  'test/integration/audit',
  'test/integration/command-counts.test.ts',
  'test/integration/redis-clients',
  'test/integration/hostile/bytes.test.ts',
  'test/cluster/cluster-stores.test.ts',
  'test/cluster/cross-slot-rekey.test.ts',
];

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const args = [vitest, 'run', '--coverage', ...TESTS, ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
const summary = `${root}coverage/coverage-summary.json`;
// There is none when a test failed.
if (!existsSync(summary)) process.exit(status ?? 1);

/** Branches that were taken, of all, by folder. */
const folders = new Map();
const { total, ...files } = JSON.parse(readFileSync(summary, 'utf8'));
for (const [file, { branches }] of Object.entries(files)) {
  const parts = relative(`${root}src`, file).split('/');
  const folder = parts.length === 1 ? 'src' : `src/${parts.slice(0, Math.min(2, parts.length - 1)).join('/')}`;
  const [covered, all] = folders.get(folder) ?? [0, 0];
  folders.set(folder, [covered + branches.covered, all + branches.total]);
}
const line = (folder, covered, all) =>
  console.log(`${folder.padEnd(30)} ${(all === 0 ? 100 : (100 * covered) / all).toFixed(1).padStart(5)} % of ${all}`);
console.log('\nBranches');
for (const [folder, [covered, all]] of [...folders].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  line(folder, covered, all);
line('all', total.branches.covered, total.branches.total);
process.exitCode = status ?? 1;
