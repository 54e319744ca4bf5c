// Writes the reference of everything that the package exports, one page for each subpath, into api/, from the types
// and comments of the sources. TypeDoc needs the compiler's API, which TypeScript 7 does not have, so that this folder
// has a TypeScript of its own.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, Converter } from 'typedoc';
import { anchors } from '../scripts/markdown.mjs';
import { sourceModules } from '../scripts/public-modules.mjs';
import { repository, repositoryRef } from './repository.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * The plugin numbers the headings of a page by names that they do not have: `SessionErrorCode` becomes the second one of
 * its name, because `SessionError` has a `code`. Such links lead to the heading without the number.
 */
function mendAnchors(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  const pages = new Map(files.map((name) => [join(folder, name), readFileSync(join(folder, name), 'utf8')]));
  const known = new Map([...pages].map(([file, text]) => [file, new Set(anchors(text))]));
  for (const [file, text] of pages) {
    const mended = text.replaceAll(/\]\(([^)#\s:]*)#([^)\s]+)-\d+\)/g, (link, path, name) => {
      const target = known.get(path === '' ? file : resolve(dirname(file), path));
      const anchor = /#(.+)\)$/.exec(link)[1];
      return target.has(anchor) || !target.has(name) ? link : `](${path}#${name})`;
    });
    if (mended !== text) writeFileSync(file, mended);
  }
}

const app = await Application.bootstrapWithPlugins({
  plugin: ['typedoc-plugin-markdown'],
  entryPoints: Array.from(sourceModules.values(), (source) => here(`../${source}`)),
  basePath: here('..'),
  displayBasePath: here('..'),
  name: 'API reference',
  tsconfig: here('tsconfig.json'),
  out: here('api'),
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  githubPages: false,
  disableGit: true,
  sourceLinkTemplate: `${repository}/blob/${repositoryRef}/{path}#L{line}`,
  sort: ['kind', 'alphabetical'],
  router: 'module',
  entryFileName: 'index',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'list',
  useCodeBlocks: true,
  validation: { invalidLink: true, notExported: false, notDocumented: process.argv.includes('--undocumented') },
  logLevel: 'Warn',
});
// Modules are known by what one imports them as.
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  for (const module of project.children) {
    const [{ fileName }] = module.sources;
    [module.name] = [...sourceModules].find(([, source]) => source === fileName);
  }
});
const project = await app.convert();
if (project === undefined) throw new Error('TypeDoc could not read the sources.');
app.validate(project);
rmSync(here('api'), { recursive: true, force: true });
await app.generateOutputs(project);
mendAnchors(here('api'));
console.log(
  `${project.children.reduce((sum, { children }) => sum + children.length, 0)} exports of ${sourceModules.size} subpaths.`,
);
