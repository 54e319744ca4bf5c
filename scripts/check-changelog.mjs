// Checks that a branch which changes what users notice also changes CHANGELOG.md.
//
//   node scripts/check-changelog.mjs origin/main
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { lacksChangelog } from './release-checks.mjs';

const [base] = process.argv.slice(2);
if (base === undefined) throw new Error('Expected the branch to compare with, such as `origin/main`.');
const root = fileURLToPath(new URL('..', import.meta.url));
const output = execFileSync('git', ['diff', '--name-only', `${base}...HEAD`], { cwd: root, encoding: 'utf8' });
const files = output.split('\n').filter(Boolean);
if (lacksChangelog(files)) {
  console.error(
    'src/ or package.json changes, and CHANGELOG.md does not: add a line that says what users notice. If they notice ' +
      'nothing, give the pull request the label `no changelog`.',
  );
  process.exitCode = 1;
} else {
  console.log(`${files.length} files changed.`);
}
