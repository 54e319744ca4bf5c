import { readdirSync } from 'node:fs';
import { extname, join, relative } from 'node:path';

/** Folders without files of ours: what git ignores, and what builds and checks leave behind. */
const IGNORED = new Set(['node_modules', 'dist', 'build', 'coverage', 'website']);

const isIgnored = (name) => IGNORED.has(name) || (name.startsWith('.') && name !== '.github');

/** All files of the repository with one of these extensions, sorted by their paths from `root`; those of the website are not among them. */
export function repositoryFiles(root, extensions) {
  const walk = (folder) =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return isIgnored(entry.name) ? [] : walk(path);
      return extensions.includes(extname(entry.name)) ? [relative(root, path)] : [];
    });
  return walk(root).toSorted();
}
