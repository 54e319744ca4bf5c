import { copyFileSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

/** What a lock file says of each package, by its path. */
const packagesOf = (lockFile) => JSON.parse(readFileSync(lockFile, 'utf8')).packages;

/** The versions in a project's lock file, a line each. Versions of npm write the rest of it in different ways. */
export function lockedVersions(folder) {
  const packages = Object.entries(packagesOf(join(folder, 'package-lock.json')));
  return packages.map(([path, { version, integrity }]) => `${path} ${version} ${integrity}`).join('\n');
}

/** Whether a project's lock file knows what a package depends on now: npm believes the file, and does not look again. */
export function hasDependenciesOf(manifest, folder) {
  const locked = packagesOf(join(folder, 'package-lock.json'))[`node_modules/${manifest.name}`];
  const names = ['dependencies', 'peerDependencies', 'peerDependenciesMeta', 'engines'];
  return names.every((name) => isDeepStrictEqual(locked?.[name], manifest[name]));
}

/**
 * Gives a project what `from` has installed of its lock file, and the packages of its `file:` dependencies, so that
 * `npm install` has only the others to unpack. They are hard links, as pnpm makes them: who edits one edits both.
 */
export function linkPackages(from, to) {
  const installed = Object.entries(packagesOf(join(from, 'node_modules/.package-lock.json')));
  const paths = new Map(installed.map(([path, { integrity }]) => [integrity, join(from, path)]));
  const locked = packagesOf(join(to, 'package-lock.json'));
  for (const [path, { integrity, resolved = '', bin }] of Object.entries(locked)) {
    const isFolder = integrity === undefined && resolved.startsWith('file:');
    const source = isFolder ? join(to, resolved.slice('file:'.length)) : integrity && paths.get(integrity);
    if (source === undefined) continue;
    // Packages inside have entries of their own, and the examples are inside of the package that they depend on.
    linkFolder(source, join(to, path), isFolder ? ['node_modules', 'examples'] : ['node_modules']);
    linkCommands(to, path, bin);
  }
}

function linkFolder(from, to, omitted = []) {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (!entry.isDirectory()) linkFile(source, target);
    else if (!omitted.includes(entry.name)) linkFolder(source, target);
  }
}

/** Copies the file where there can be no link, as on another disk. */
function linkFile(from, to) {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/** npm installs a package again whose commands are missing. */
function linkCommands(project, path, bin = {}) {
  const folder = 'node_modules/';
  const commands = join(project, path.slice(0, path.lastIndexOf(folder) + folder.length), '.bin');
  for (const [name, file] of Object.entries(bin)) {
    const command = join(commands, name);
    mkdirSync(dirname(command), { recursive: true });
    symlinkSync(relative(dirname(command), join(project, path, file)), command);
  }
}
