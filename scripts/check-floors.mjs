// Checks that the folders of src/ are the floors of a house: a file imports from its own folder or from floors below,
// types included, and no two files import each other in a circle.
//
//   node scripts/check-floors.mjs           check
//   node scripts/check-floors.mjs --show    also print which folder imports which
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src', import.meta.url));

/** From the ground up; the places of one floor do not import each other. */
const FLOORS = [
  ['internal'],
  ['errors.ts', 'exchange.ts', 'warnings.ts'],
  ['events.ts'],
  ['cookie', 'stores'],
  ['serializers', 'crypto'],
  ['engine'],
  ['session'],
  ['options', 'admin'],
  ['factory.ts'],
  ['index.ts'],
  ['adapters', 'testing'],
  ['compat', 'otel', 'dashboard'],
  ['cli'],
];

/** What stands on the public names alone, as an application does, with the checks of arguments. */
const PUBLIC_ONLY = new Set(['dashboard']);
const PUBLIC = new Set(['index.ts', 'adapters/node.ts', 'internal/validate.ts']);

const floorOf = new Map(FLOORS.flatMap((places, floor) => places.map((place) => [place, floor])));

/** The folder directly below src/, or the file itself. */
function placeOf(file) {
  return file.split('/')[0];
}

function readImports(file) {
  const text = readFileSync(join(source, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map((match) => match[1]);
  return specifiers.map((specifier) => posix.normalize(posix.join(dirname(file), specifier)));
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => relative(source, join(source, name)).replaceAll(sep, '/'));
const imports = new Map(files.map((file) => [file, readImports(file)]));
const problems = [];

for (const [file, targets] of imports) {
  const from = placeOf(file);
  if (!floorOf.has(from)) problems.push(`${file}: ${from} has no floor in scripts/check-floors.mjs.`);
  for (const target of targets) {
    const to = placeOf(target);
    if (from === to) continue;
    if (PUBLIC_ONLY.has(from) && !PUBLIC.has(target)) problems.push(`${file} imports ${target}, which is not public.`);
    if (!(floorOf.get(to) < floorOf.get(from))) problems.push(`${file} imports ${target}, which is not below it.`);
  }
}

/** Reports each circle once, by the file that closes it. */
function findCircles() {
  const done = new Set();
  const path = [];
  const visit = (file) => {
    if (path.includes(file)) {
      problems.push(`Circle: ${[...path.slice(path.indexOf(file)), file].join(' > ')}`);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of imports.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of files) visit(file);
}
findCircles();

if (process.argv.includes('--show')) {
  const arrows = new Map();
  for (const [file, targets] of imports) {
    for (const target of targets) {
      const [from, to] = [placeOf(file), placeOf(target)];
      if (from !== to) arrows.set(from, (arrows.get(from) ?? new Set()).add(to));
    }
  }
  for (const places of FLOORS.toReversed()) {
    for (const place of places) console.log(`${place} > ${[...(arrows.get(place) ?? [])].join(', ')}`);
  }
}
for (const problem of problems) console.error(problem);
console.log(`${files.length} files in ${floorOf.size} places, ${problems.length} problems.`);
process.exitCode = problems.length === 0 ? 0 : 1;
