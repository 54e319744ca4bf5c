import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);
const FOLDERS = ['demo/src', 'demo/apps', 'demo/public', 'docs', 'src'];
const FILES = ['README.md', 'SECURITY.md', 'CHANGELOG.md', 'demo/README.md'];

/** The files of the repository that the site shows: nothing else can be asked for. */
export const SOURCES: ReadonlySet<string> = new Set([...FILES, ...FOLDERS.flatMap(listFiles)]);

/** @param path - One of `SOURCES`. */
export function readSource(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

function listFiles(folder: string): string[] {
  const entries = readdirSync(fileURLToPath(new URL(folder, ROOT)), { recursive: true, encoding: 'utf8' });
  const names = entries
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /\.(?:ts|js|css|lua|md|svg)$/.test(name));
  return names.map((name) => `${folder}/${name}`).toSorted();
}

const { version, devDependencies } = JSON.parse(readSource('package.json')) as {
  version: string;
  devDependencies: Record<string, string>;
};

/** The version of a package that the site runs on: the repository pins them. */
export function versionOf(name: string): string {
  return name === 'websauna-session' ? version : devDependencies[name]!;
}
