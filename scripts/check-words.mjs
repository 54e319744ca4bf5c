// Checks that prose is plain: documents, comments, messages and titles of tests do without words that hide who or what
// is meant. A value of a program, such as 'nobody' in a test, is not prose.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repositoryFiles } from './repository-files.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Each with what to write in its place. */
const WORDS = new Map([
  ['nobody', 'no one, or the thing that is missing'],
  ['somebody', 'a user, a caller, a thief'],
  ['whatever', 'also when, or the cases'],
  ['whoever', 'anyone who'],
]);
const PROSE = new RegExp(`(?<=^|\\s)(?:${[...WORDS.keys()].join('|')})(?=[\\s,.;:]|$)`, 'gi');
const EXTENSIONS = ['.cjs', '.cts', '.lua', '.md', '.mjs', '.mts', '.ts', '.tsx'];

let count = 0;
for (const path of repositoryFiles(root, EXTENSIONS)) {
  for (const [index, line] of readFileSync(join(root, path), 'utf8').split('\n').entries()) {
    for (const [word] of line.matchAll(PROSE)) {
      count++;
      console.error(`${path}:${index + 1}: "${word}": say ${WORDS.get(word.toLowerCase())}`);
    }
  }
}
process.exitCode = count === 0 ? 0 : 1;
