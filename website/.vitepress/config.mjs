import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { markdownFiles, slug } from '../../scripts/markdown.mjs';
import { diagrams } from '../diagrams.mjs';
import { homeFrontmatter, homeWithoutHead, tagline } from '../home.mjs';
import { placePages } from '../navigation.mjs';
import { plainHtml } from '../plain-html.mjs';
import { findPages, root, titleOf } from '../pages.mjs';
import { repositoryLinks } from '../repository-links.mjs';
import { tables } from '../tables.mjs';
import { homepage, repository, repositoryRef, base, version } from '../repository.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const pages = findPages();
const paths = [...pages.values()].map((page) => page.replace(/\.md$/, ''));
const files = new Map([...pages].map(([file, page]) => [page.replace(/\.md$/, ''), file]));
const { sections, unplaced } = placePages(paths);
const { older } = JSON.parse(readFileSync(here('../versions.json'), 'utf8'));

const linkTo = (page) => `/${page}`.replace(/index$/, '');
const item = (page) => ({ text: titleOf(files.get(page)), link: linkTo(page) });
const section = ({ text, pages: entries }) => ({ text, items: entries.map(item) });

/** Links to pages that exist, for the bar at the top. */
function bar(entries) {
  return entries.flatMap(({ text, page }) => (paths.includes(page) ? [{ text, link: linkTo(page) }] : []));
}

function versionMenu() {
  const changes = bar([
    { text: 'Changes', page: 'changelog' },
    { text: 'Upgrading', page: 'upgrading' },
  ]);
  // Each is a site of its own, whose paths are none of this one's.
  const site = (text, path) => ({ text, link: new URL(path, homepage).href, target: '_self' });
  const others = older.map((name) => site(name, `${name}/`));
  const newest = base === new URL(homepage).pathname ? [] : [site('Newest version', '')];
  return { text: `v${version}`, items: [...changes, ...newest, ...others] };
}

/**
 * Lets Node load Vue while the pages are rendered: they lie outside this folder, where there is no Vue to be found, and
 * two of them would not work together.
 */
const oneVue = {
  name: 'one-vue',
  enforce: 'pre',
  resolveId: (id, importer, { ssr }) =>
    ssr && /^vue(?:\/server-renderer)?$/.test(id) ? { id, external: true } : undefined,
};

export default defineConfig({
  title: 'websauna-session',
  description: tagline(),
  lang: 'en-GB',
  base,
  srcDir: root,
  srcExclude: markdownFiles(root).filter((file) => !pages.has(file)),
  rewrites: Object.fromEntries(pages),
  cleanUrls: true,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}favicon.svg` }]],
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    anchor: { slugify: slug },
    config: (md) => {
      md.use(repositoryLinks, { root, pages, repository, ref: repositoryRef });
      md.use(homeWithoutHead);
      md.use(diagrams);
      md.use(plainHtml);
      md.use(tables);
    },
  },
  transformPageData: ({ relativePath, frontmatter }) => {
    if (relativePath === 'index.md') return { frontmatter: homeFrontmatter(paths) };
    // The reference is written from the sources.
    return relativePath.startsWith('api/') ? { frontmatter: { ...frontmatter, editLink: false } } : undefined;
  },
  themeConfig: {
    siteTitle: 'websauna-session',
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    nav: [
      ...bar([
        { text: 'Tour', page: 'tour' },
        { text: 'Frameworks', page: 'frameworks' },
        { text: 'Options', page: 'options' },
        { text: 'API', page: 'api/index' },
      ]),
      versionMenu(),
      { text: 'GitHub', link: repository, noIcon: true },
    ],
    sidebar: [
      ...sections.map(section),
      // A new page can be read before it has its place, which check:website asks for.
      ...(unplaced.length > 0 ? [section({ text: 'More', pages: unplaced })] : []),
    ],
    editLink: {
      pattern: `${repository}/edit/main/:path`,
      text: 'Edit this page on GitHub',
    },
    docFooter: { prev: 'Previous page', next: 'Next page' },
    notFound: {
      title: 'Page not found',
      quote: 'There is no page at this address. It may have been moved: the search at the top finds it by its words.',
      linkText: 'To the home page',
    },
    footer: { message: 'Released under the MIT licence.' },
  },
  vite: {
    plugins: [oneVue],
    publicDir: here('../public'),
    server: { watch: { ignored: ['**/website/.vitepress/dist/**', '**/.servers/**', '**/test/**'] } },
    // The diagrams' library is large, and loads on pages with diagrams alone.
    build: { chunkSizeWarningLimit: 1500 },
  },
});
