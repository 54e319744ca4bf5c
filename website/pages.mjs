// Which files of the repository are pages of the website, and under which paths.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Pages outside docs/, by their files. */
const ELSEWHERE = {
  'README.md': 'index.md',
  'CHANGELOG.md': 'changelog.md',
  'CODE_OF_CONDUCT.md': 'code-of-conduct.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'security-policy.md',
  'demo/README.md': 'demo.md',
};

function markdownIn(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`);
}

/** Returns the file of each page, by path from the root of the repository, with the path of its page. */
export function findPages() {
  const elsewhere = Object.entries(ELSEWHERE).filter(([file]) => existsSync(join(root, file)));
  const docs = markdownIn('docs').map((file) => [file, file.slice('docs/'.length)]);
  const api = markdownIn('website/api').map((file) => [file, file.slice('website/'.length)]);
  return new Map([...elsewhere, ...docs, ...api].toSorted(([, a], [, b]) => (a < b ? -1 : 1)));
}

/** Returns the first heading of a page, without its markup. */
export function titleOf(file) {
  const [, title] = /^# (.+)$/m.exec(readFileSync(join(root, file), 'utf8')) ?? [];
  return (title ?? file).replaceAll(/[`*]|\s*\{#.*\}/g, '');
}
