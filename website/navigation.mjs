// Where each page stands on the website: grouped by what a reader has come to do.

/**
 * Pages of the site by their path without `.md`, in the order of the sidebar. A name that ends with `/` stands for all
 * pages of that folder which are not named elsewhere. A page that does not exist is left out.
 */
export const SECTIONS = [
  {
    text: 'Start',
    pages: [
      'tour',
      'frameworks',
      'frameworks/express',
      'frameworks/fastify',
      'frameworks/koa',
      'frameworks/hono',
      'frameworks/next',
      'frameworks/',
      'session',
      'demo',
    ],
  },
  {
    text: 'Coming from',
    pages: ['from-express-session', 'from-other-sessions', 'comparison', 'parity', 'upgrading'],
  },
  {
    text: 'Build with it',
    pages: ['data', 'owners', 'timeouts', 'testing', 'recipes/'],
  },
  {
    text: 'Operate it',
    pages: ['deployment', 'operations', 'cluster', 'cluster-measurements', 'performance', 'redis-commands'],
  },
  {
    text: 'Security',
    pages: ['security', 'cryptography', 'consistency', 'security-policy'],
  },
  {
    text: 'Reference',
    pages: ['options', 'errors-and-events', 'api/index', 'api/'],
  },
  {
    text: 'Contribute',
    pages: [
      'contributing',
      'architecture',
      'add-a-store',
      'add-an-adapter',
      'dependencies',
      'code-of-conduct',
      'changelog',
    ],
  },
];

/** Pages of the site that no sidebar lists. */
const UNLISTED = new Set(['index']);

/**
 * Distributes the pages that exist over the sections.
 *
 * @param pages Paths of pages without `.md`.
 * @returns The sections that have pages; the pages that have no place; and the places that have no page.
 */
export function placePages(pages, sections = SECTIONS) {
  const named = new Set(sections.flatMap((section) => section.pages));
  const placed = new Set(UNLISTED);
  const missing = [];
  const expand = (entry) => {
    const found = entry.endsWith('/')
      ? pages.filter((page) => page.startsWith(entry) && !named.has(page)).toSorted()
      : pages.filter((page) => page === entry);
    if (found.length === 0) missing.push(entry);
    for (const page of found) placed.add(page);
    return found;
  };
  const filled = sections.map(({ text, pages: entries }) => ({ text, pages: entries.flatMap(expand) }));
  return {
    sections: filled.filter((section) => section.pages.length > 0),
    unplaced: pages.filter((page) => !placed.has(page)),
    missing,
  };
}
