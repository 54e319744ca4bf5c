// Builds the website in website/ from README.md, docs/ and the types of src/.
//
//   node scripts/website.mjs serve   serves it, and shows changes as they are saved
//   node scripts/website.mjs build   builds it into website/.vitepress/dist
//   node scripts/website.mjs build-all   also builds the sites of the older versions of website/versions.json, from their
//                                        tags, each under its own path
//   node scripts/website.mjs check   builds it, follows its links and looks at its pages in Chromium
//
// SITE_BASE is the path that it is served under, SITE_REF the branch or tag that it links to. With
// SCREENSHOT_DIR=<folder>, the check takes a screenshot of every page.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { base, repository } from '../website/repository.mjs';
import { programs } from './programs.mjs';
import { sourceModules } from './public-modules.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const website = join(root, 'website');
const dist = join(website, '.vitepress/dist');

function run(command, args, cwd = website, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error) throw error;
  return status === 0;
}

/** Installs the packages of the website unless those of its lock file are there. */
function prepare() {
  const installed = statSync(join(website, 'node_modules/.package-lock.json'), { throwIfNoEntry: false });
  const locked = statSync(join(website, 'package-lock.json'));
  if (installed !== undefined && installed.mtimeMs >= locked.mtimeMs) return;
  if (!run('npm', ['ci', '--no-audit', '--no-fund'])) throw new Error('The packages of website/ were not installed.');
}

function build() {
  const start = performance.now();
  if (!run('npm', ['run', '--silent', 'build'])) throw new Error('The website was not built.');
  console.log(`Built in ${Math.round(performance.now() - start)} ms.`);
}

/** Builds the site of a released version, from its tag and with its own packages, under a path of its own. */
function buildOlder(version) {
  const folder = mkdtempSync(join(tmpdir(), 'website-'));
  const tree = join(folder, 'tree');
  const env = { SITE_BASE: `${base}${version}/`, SITE_REF: `v${version}` };
  try {
    const ok =
      run('git', ['worktree', 'add', '--detach', tree, `v${version}`], root) &&
      run('npm', ['ci', '--no-audit', '--no-fund'], tree) &&
      run(process.execPath, ['scripts/website.mjs', 'build'], tree, env);
    if (!ok) throw new Error(`The website of ${version} was not built.`);
    cpSync(join(tree, 'website/.vitepress/dist'), join(dist, version), { recursive: true });
  } finally {
    run('git', ['worktree', 'remove', '--force', tree], root);
    rmSync(folder, { recursive: true, force: true });
  }
}

function buildAll() {
  build();
  const { older } = JSON.parse(readFileSync(join(website, 'versions.json'), 'utf8'));
  older.forEach(buildOlder);
}

function builtPages() {
  const names = readdirSync(dist, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'));
  return new Map(
    names.filter((name) => name.endsWith('.html')).map((name) => [name, readFileSync(join(dist, name), 'utf8')]),
  );
}

/** Every page has its place in the navigation, and every page was built. */
async function checkNavigation(pages, problems) {
  const { findPages } = await import('../website/pages.mjs');
  const { placePages } = await import('../website/navigation.mjs');
  const paths = Array.from(findPages().values(), (page) => page.replace(/\.md$/, ''));
  const { unplaced, missing } = placePages(paths);
  for (const page of unplaced)
    problems.push(`${page} is not in the navigation: give it a place in website/navigation.mjs.`);
  for (const page of missing) console.log(`The navigation has a place for ${page}, which does not exist.`);
  for (const path of paths) if (!pages.has(`${path}.html`)) problems.push(`${path} was not built.`);
}

/** Every name that the package exports at run time has a heading in the reference of its subpath. */
async function checkReference(pages, problems) {
  const { readPage } = await import('../website/check/links.mjs');
  const recorded = JSON.parse(readFileSync(join(root, 'scripts/exports.snapshot.json'), 'utf8'));
  for (const specifier of sourceModules.keys()) {
    const html = pages.get(`api/${specifier}.html`);
    if (html === undefined) problems.push(`The reference has no page for ${specifier}.`);
    const { ids } = readPage(html ?? '');
    // Anchors have no dots: that of `module.exports` is `moduleexports`.
    const isAbsent = (name) => !ids.has(name.toLowerCase().replaceAll('.', ''));
    const subpath = specifier.replace(/^[^/]+/, '.');
    const absent = (recorded[subpath] ?? []).filter(isAbsent);
    if (absent.length > 0) problems.push(`The reference of ${specifier} lacks ${absent.join(', ')}.`);
  }
}

async function checkSite() {
  const { checkLinks } = await import('../website/check/links.mjs');
  const { serve } = await import('../website/check/serve.mjs');
  const { checkPages } = await import('../website/check/browser.mjs');
  const problems = [];
  const pages = builtPages();
  await checkNavigation(pages, problems);
  await checkReference(pages, problems);
  problems.push(...checkLinks({ pages, has: (path) => existsSync(join(dist, path)), base, repository, root }));
  const executablePath = programs.chromium();
  if (executablePath === undefined) throw new Error('The check needs Chromium: run `node scripts/prepare-tests.mjs`.');
  const paths = [...pages.keys()]
    .filter((name) => name !== '404.html')
    .map((name) => name.replace(/(?:index)?\.html$/, ''));
  const { address, close } = await serve(dist, base);
  const start = performance.now();
  try {
    const screenshots = process.env.SCREENSHOT_DIR;
    const log = process.argv.includes('--verbose') ? console.log : undefined;
    problems.push(...(await checkPages({ address, paths: [...paths, 'nowhere'], executablePath, screenshots, log })));
  } finally {
    await close();
  }
  console.log(`Looked at ${paths.length + 1} pages in ${Math.round(performance.now() - start)} ms.`);
  for (const problem of problems) console.error(problem);
  console.log(`${pages.size} pages, ${problems.length} problems.`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

const [command] = process.argv.slice(2);
prepare();
if (command === 'serve') {
  process.exitCode = run('npm', ['run', '--silent', 'dev']) ? 0 : 1;
} else if (command === 'build') {
  build();
} else if (command === 'build-all') {
  buildAll();
} else if (command === 'check') {
  if (!process.argv.includes('--built')) build();
  await checkSite();
} else {
  throw new Error('Expected `serve`, `build`, `build-all` or `check`.');
}
