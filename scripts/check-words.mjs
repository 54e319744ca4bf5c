// Checks that prose is plain: documents, comments, messages and titles of tests do without words that hide who or what
// is meant. A value of a program, such as 'nobody' in a test, is not prose.
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Each with what to write in its place. */
const WORDS = new Map([
  ['nobody', 'no one, or the thing that is missing'],
  ['somebody', 'a user, a caller, a thief'],
  ['whatever', 'also when, or the cases'],
  ['whoever', 'anyone who'],
]);
const PROSE = new RegExp(`(?<=^|\\s)(?:${[...WORDS.keys()].join('|')})(?=[\\s,.;:]|$)`, 'gi');
const EXTENSIONS = new Set(['.cjs', '.cts', '.lua', '.md', '.mjs', '.mts', '.ts', '.tsx']);
const IGNORED = new Set(['.git', '.servers', 'build', 'coverage', 'dist', 'node_modules', 'website']);

function filesBelow(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return IGNORED.has(entry.name) ? [] : filesBelow(path);
    return EXTENSIONS.has(extname(entry.name)) ? [path] : [];
  });
}

let count = 0;
for (const path of filesBelow('.')) {
  for (const [index, line] of readFileSync(join(root, path), 'utf8').split('\n').entries()) {
    for (const [word] of line.matchAll(PROSE)) {
      count++;
      console.error(`${path}:${index + 1}: "${word}": say ${WORDS.get(word.toLowerCase())}`);
    }
  }
}
process.exitCode = count === 0 ? 0 : 1;
