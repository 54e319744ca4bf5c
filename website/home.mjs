// The home page is the README: its name and its first sentence become the head of the page.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './pages.mjs';

/** Returns the first paragraph of the README, as one line. */
export function tagline(readme = readFileSync(join(root, 'README.md'), 'utf8')) {
  const [, first] = readme.split(/\n{2,}/);
  return first.replaceAll(/\s+/g, ' ').replaceAll('`', '').trim();
}

/** Leaves the heading and the first paragraph out of the README's page, where the head of the page has them. */
export function homeWithoutHead(md) {
  md.core.ruler.after('block', 'home-without-head', ({ tokens, env }) => {
    if (env.relativePath !== 'index.md') return;
    const end = tokens.findIndex(({ type }) => type === 'paragraph_close');
    if (tokens[0]?.tag === 'h1') tokens.splice(0, end + 1);
  });
}

export function homeFrontmatter(pages) {
  const actions = [
    { page: 'tour', text: 'Take the tour' },
    { page: 'frameworks', text: 'Use it with your framework' },
    { page: 'from-express-session', text: 'Coming from express-session' },
    { page: 'api/index', text: 'API reference' },
  ].filter(({ page }) => pages.includes(page));
  return {
    layout: 'FrontPage',
    sidebar: false,
    aside: false,
    title: 'websauna-session',
    titleTemplate: false,
    hero: {
      name: 'websauna-session',
      tagline: tagline(),
      actions: actions.map(({ page, text }, index) => ({
        text,
        link: `/${page}`.replace(/index$/, ''),
        theme: index === 0 ? 'brand' : 'alt',
      })),
    },
  };
}
