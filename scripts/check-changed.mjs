// Checks what has changed, in less than a minute: lint, the order of imports, and the tests of the folders that were touched.
//
//   npm run check:changed              since the branch left origin/main or main, uncommitted files included
//   npm run check:changed -- HEAD~3    since another revision
//   npm run check:changed -- --list    only says which tests would run
//
// It leaves out what takes long: other servers, several processes, outages, browsers, the model. `npm test` runs those.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testsFor } from './tests-by-folder.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

function base() {
  const refs = ['origin/main', 'main'].map((ref) => git('merge-base', 'HEAD', ref));
  return refs.find((commit) => commit !== null) ?? 'HEAD';
}

function changedFiles(revision) {
  const changed = git('diff', '--name-only', revision);
  if (changed === null) throw new Error(`git does not know the revision ${revision}`);
  const untracked = git('ls-files', '--others', '--exclude-standard') ?? '';
  return `${changed}\n${untracked}`.split('\n').filter(Boolean);
}

function run(title, command, args) {
  console.log(`\n== ${title}`);
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}

const words = process.argv.slice(2);
const revision = words.find((word) => !word.startsWith('--')) ?? base();
const files = changedFiles(revision);
const { tests, docs, slow } = testsFor(files);
const code = files.filter((file) => /\.[cm]?[jt]s$/.test(file) && existsSync(join(root, file)));
const present = tests.filter((path) => existsSync(join(root, path)));
console.log(`${files.length} files changed since ${revision}.`);
for (const path of present) console.log(`  ${path}`);
for (const path of slow) console.log(`  not run here, because it takes long: ${path}`);

if (!words.includes('--list') && files.length > 0) {
  const node = process.execPath;
  const outcomes = [
    run('order of imports', node, ['scripts/check-floors.mjs']),
    run('words', node, ['scripts/check-words.mjs']),
    code.length === 0 || run('lint', 'npx', ['oxlint', ...code]),
    !docs || run('docs', node, ['scripts/check-docs.mjs']),
    present.length === 0 || run('tests', 'npx', ['vitest', 'run', '--passWithNoTests', ...present]),
  ];
  const failed = outcomes.includes(false);
  console.log(failed ? '\nFailed. `npm test` runs everything.' : '\nAll right so far. `npm test` runs everything.');
  process.exitCode = failed ? 1 : 0;
}
