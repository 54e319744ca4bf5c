// Prepares a release. The version is that of package.json; what is published is published by the workflow of the tag.
//
//   npm run release -- --dry-run   checks everything, and shows what would be published
//   npm run release                also makes the tag; pushing it starts .github/workflows/release.yml
//   node scripts/release.mjs --notes   prints the changelog's section of the version
//
// Refuses when the changelog has no section of the version with a date, when the tree is dirty, when the tag exists
// elsewhere, or when a test fails.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { changelogSection, refusals } from './release-checks.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const CHECKS = ['test', 'check:website'];

const read = (file) => readFileSync(join(root, file), 'utf8');
const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' });

function readTags() {
  const lines = git('for-each-ref', 'refs/tags', '--format=%(refname:short) %(*objectname) %(objectname)').split('\n');
  // An annotated tag has two: the commit, and itself.
  return new Map(lines.filter(Boolean).map((line) => line.split(/\s+/)));
}

function refuse(reasons) {
  for (const reason of reasons) console.error(`Refused: ${reason}`);
  process.exitCode = 1;
}

/** Runs what must hold before a release; returns what fails. */
function runChecks() {
  return CHECKS.filter((script) => {
    console.log(`\n== npm run ${script}`);
    const { status } = spawnSync('npm', ['run', '--silent', script], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    return status !== 0;
  });
}

function packedFiles() {
  // The tests have built what is packed.
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const [description] = Object.values(JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' })));
  return description;
}

function show({ name, version, repository }, head, section) {
  const { filename, files, size, unpackedSize } = packedFiles();
  console.log(`
== Release of ${name} ${version}

Tag:         v${version}, at ${head}
Changelog:   ${section.suffix}
Provenance:  npm publish --provenance, in .github/workflows/release.yml of ${repository.url}:
             npm trusts that workflow, and the package carries its signed statement of this commit.
Package:     ${filename}, ${size} bytes, ${unpackedSize} unpacked

${section.text}

${files.length} files:
${files.map((file) => `  ${file.path} (${file.size})`).join('\n')}`);
}

function release(dryRun) {
  const manifest = JSON.parse(read('package.json'));
  const { version } = manifest;
  const changelog = read('CHANGELOG.md');
  const head = git('rev-parse', 'HEAD').trim();
  const { GITHUB_REF_NAME, GITHUB_REF_TYPE } = process.env;
  const reasons = refusals({
    version,
    lockVersion: JSON.parse(read('package-lock.json')).version,
    changelog,
    status: git('status', '--porcelain'),
    tags: readTags(),
    head,
    ref: GITHUB_REF_TYPE === 'tag' ? GITHUB_REF_NAME : undefined,
  });
  if (reasons.length > 0) return refuse(reasons);
  const failed = runChecks();
  if (failed.length > 0) return refuse(failed.map((script) => `\`npm run ${script}\` fails.`));
  const left = git('status', '--porcelain');
  if (left !== '') return refuse([`The checks have left the tree dirty:\n${left.trimEnd()}`]);
  show(manifest, head, changelogSection(changelog, version));
  if (dryRun) return console.log('\nNothing was published and no tag was made: this was a dry run.');
  git('tag', '--annotate', `v${version}`, '--message', `Release ${version}`);
  return console.log(`\nThe tag v${version} was made. To publish it: git push origin v${version}`);
}

const known = new Set(['--dry-run', '--notes']);
const args = process.argv.slice(2);
const unknown = args.filter((arg) => !known.has(arg));
if (unknown.length > 0) throw new Error(`Expected --dry-run, --notes or nothing, got ${unknown.join(' ')}`);
if (args.includes('--notes')) {
  const { version } = JSON.parse(read('package.json'));
  console.log(changelogSection(read('CHANGELOG.md'), version)?.text ?? '');
} else {
  release(args.includes('--dry-run'));
}
