// Checks that what the documentation shows is true: every TypeScript and JavaScript block of README.md and docs/
// type-checks against the built package, and every relative link leads somewhere.
//
// Blocks may use what docs/examples-prelude.d.ts declares. They are checked as one program; a block that declares
// something which is not meant for the others has a comment before it: <!-- docs: alone -->. A JavaScript block
// that cannot be checked says why in its comment: <!-- docs: skip-types because ... --> Blocks that import each other are
// files of one program, each of which is named: <!-- docs: file map-store.ts -->
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { anchors, codeBlocks, fileNamed, links, markdownFiles } from './markdown.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const work = join(root, '.docs-check');
const extensions = { ts: 'ts', typescript: 'ts', js: 'js', javascript: 'js' };
const problems = [];

function extract(file) {
  return codeBlocks(readFileSync(join(root, file), 'utf8')).flatMap(({ language, code, line, comment }) => {
    const extension = extensions[language.toLowerCase()];
    if (!extension) return [];
    if (comment.startsWith('docs: skip-types')) {
      const reason = comment.slice('docs: skip-types'.length).trim();
      if (extension === 'ts') problems.push(`${file}:${line}: a TypeScript block cannot skip its types.`);
      else if (reason === '') problems.push(`${file}:${line}: say why the types are skipped.`);
      return [];
    }
    // Blank lines put the code on the same line as in the document, so that the compiler's positions are right.
    const source = `${'\n'.repeat(line - 1)}${code}\nexport {};\n`;
    const name = `${file.replaceAll(/[\\/]/g, '__')}.${line}.${extension}`;
    return [
      {
        file,
        source,
        name: fileNamed(comment) ?? name,
        alone: comment === 'docs: alone',
        ofPage: fileNamed(comment) !== null,
      },
    ];
  });
}

function typeCheck(blocks) {
  if (!existsSync(join(root, 'dist/index.d.ts'))) {
    problems.push('There is no dist/: run `npm run build` first.');
    return;
  }
  rmSync(work, { recursive: true, force: true });
  const together = blocks.filter(({ alone, ofPage }) => !alone && !ofPage);
  const documentsWithFiles = [...new Set(blocks.filter(({ ofPage }) => ofPage).map(({ file }) => file))];
  const pages = documentsWithFiles.map((page) => blocks.filter(({ file, ofPage }) => ofPage && file === page));
  const programs = [together, ...pages, ...blocks.filter(({ alone }) => alone).map((block) => [block])];
  for (const [index, program] of programs.entries()) compile(program, join(work, String(index)));
  if (problems.length === 0) rmSync(work, { recursive: true, force: true });
}

function compile(blocks, folder) {
  mkdirSync(folder, { recursive: true });
  const prelude = '../../docs/examples-prelude.d.ts';
  const config = {
    extends: '../../tsconfig.json',
    compilerOptions: { paths: {}, allowJs: true, checkJs: true },
    files: existsSync(join(folder, prelude)) ? [prelude] : [],
    include: ['*'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  for (const { name, source } of blocks) writeFileSync(join(folder, name), source);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  // Several checkers would check much twice.
  const args = [tsc, '-p', folder, '--checkers', '1', '--pretty', 'false'];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  const files = new Map(blocks.map(({ name, file }) => [name, file]));
  for (const line of stdout.split('\n').filter(Boolean)) {
    const [, name, at, column, rest] = /^(.+?)\((\d+),(\d+)\): (.*)$/.exec(line) ?? [];
    problems.push(files.has(name) ? `${files.get(name)}:${at}:${column}: ${rest}` : line);
  }
  if (status !== 0 && stdout === '') problems.push('tsc failed without a word.');
}

function checkLinks(file) {
  const text = readFileSync(join(root, file), 'utf8');
  for (const { target, line } of links(text)) {
    if (/^[a-z][a-z+.-]*:|^\/\//i.test(target)) continue;
    const [path, anchor] = decodeURI(target).split('#');
    const linked = path === '' ? join(root, file) : resolve(root, dirname(file), path.replace(/\?.*$/, ''));
    if (!existsSync(linked)) {
      problems.push(`${file}:${line}: ${target} does not exist.`);
    } else if (anchor && linked.endsWith('.md') && !anchors(readFileSync(linked, 'utf8')).includes(anchor)) {
      problems.push(`${file}:${line}: ${target} has no such heading.`);
    }
  }
}

const documents = markdownFiles(root);
const blocks = documents
  .filter((file) => file === 'README.md' || file.startsWith('docs/') || file.startsWith('docs\\'))
  .flatMap(extract);
typeCheck(blocks);
documents.forEach(checkLinks);
console.log(`${blocks.length} code blocks and ${documents.length} documents checked.`);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
