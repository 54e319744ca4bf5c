// Checks what would be published, as its users would find it: packs it, lints the tarball, compares its exports
// and its sizes with what is on record, installs it into an empty folder and runs it there.
//
//   node scripts/check-package.mjs            check
//   node scripts/check-package.mjs --update   rewrite the exports on record, and add ceilings that are missing
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { measure } from './package-size.mjs';
import { collecting, install, pack, tryOut } from './package-trial.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** How modules are resolved that cannot import a package of ES modules alone. */
const NOT_SERVED = new Set(['node10', 'node16-cjs']);
const update = process.argv.includes('--update');
const manifest = readJson(join(root, 'package.json'));
const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json');
const problems = [];
const run = collecting(problems);

function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

function checkTarball({ filename, files, size }) {
  const names = files.map(({ path }) => path);
  console.log(`${filename}: ${names.length} files, ${size} bytes`);
  for (const name of ['README.md', 'CHANGELOG.md', 'LICENSE']) {
    if (!names.includes(name)) problems.push(`The package lacks ${name}.`);
  }
  const strays = names.filter(
    (name) => !/^(dist|docs)\/|^[\w.]+$/.test(name) || /\.test\.|\.map$|tsbuildinfo/.test(name),
  );
  if (strays.length > 0) problems.push(`The package holds what is not for its users: ${strays.join(', ')}`);
}

/** With a narrower range, npm refuses to install the package beside another version that the application has for itself. */
function checkPeers({ peerDependencies, peerDependenciesMeta }) {
  for (const [name, range] of Object.entries(peerDependencies)) {
    if (range === '*' && peerDependenciesMeta[name]?.optional === true) continue;
    problems.push(`The peer dependency ${name} has to be optional, and of any version: "*".`);
  }
}

async function lint(tarball) {
  const bytes = readFileSync(tarball);
  const tarballData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball: tarballData }, strict: true, level: 'suggestion' });
  for (const message of messages) problems.push(`publint: ${formatMessage(message, pkg, { color: false })}`);
  const { types, problems: wrong = [] } = await checkPackage(createPackageFromTarballData(bytes));
  if (!types) problems.push('The package has no types.');
  for (const problem of wrong) {
    if (!NOT_SERVED.has(problem.resolutionKind)) problems.push(`Types are wrong: ${JSON.stringify(problem)}`);
  }
}

/** The names that each subpath exports at run time, against those on record: a lost name breaks applications. */
async function compareExports() {
  const file = join(root, 'scripts/exports.snapshot.json');
  const recorded = readJson(file);
  const actual = {};
  for (const subpath of subpaths) {
    const module = await import(`${manifest.name}${subpath.slice(1)}`);
    actual[subpath] = Object.keys(module).toSorted();
  }
  if (update) return writeJson(file, actual);
  for (const subpath of new Set([...Object.keys(recorded), ...subpaths])) {
    const [before, now] = [recorded[subpath] ?? [], actual[subpath] ?? []];
    const changes = [
      ...before.filter((name) => !now.includes(name)).map((name) => `-${name}`),
      ...now.filter((name) => !before.includes(name)).map((name) => `+${name}`),
    ];
    if (changes.length > 0) {
      problems.push(`Exports of ${subpath} differ from scripts/exports.snapshot.json: ${changes.join(' ')}`);
    }
  }
}

async function compareSizes() {
  const file = join(root, 'scripts/size-ceilings.json');
  const ceilings = readJson(file);
  const peers = Object.keys(manifest.peerDependencies);
  for (const subpath of subpaths) {
    const size = await measure(root, manifest.exports[subpath].default, peers);
    // Room for a fix, not for a feature: a feature should be seen to cost something.
    if (update) ceilings[subpath] ??= Math.ceil((size * 1.1) / 100) * 100;
    const ceiling = ceilings[subpath];
    console.log(`${subpath}: ${size} bytes of ${ceiling ?? '?'}, minified and compressed`);
    if (ceiling === undefined) problems.push(`${subpath} has no ceiling in scripts/size-ceilings.json.`);
    else if (size > ceiling) problems.push(`${subpath} is ${size} bytes, more than its ceiling of ${ceiling}.`);
  }
  if (update) writeJson(file, ceilings);
}

const folder = mkdtempSync(join(tmpdir(), 'package-'));
try {
  const packed = pack(run, folder);
  if (packed !== undefined) {
    const { tarball } = packed;
    checkTarball(packed);
    checkPeers(manifest);
    await lint(tarball);
    await compareExports();
    await compareSizes();
    const installed = join(folder, 'try');
    if (install(run, tarball, installed)) tryOut(run, installed);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
