// Follows the links of the built site.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const unescape = (text) => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");

/** Returns the ids of a page of HTML, and what it links to or shows: `[{ target, embedded }]`. */
export function readPage(html) {
  const markup = html.replaceAll(/<(script|style)\b[\s\S]*?<\/\1>/g, '').replaceAll(/<!--[\s\S]*?-->/g, '');
  const ids = new Set(Array.from(markup.matchAll(/\s(?:id|name)="([^"]*)"/g), ([, id]) => unescape(id)));
  const links = Array.from(markup.matchAll(/<(a|img|link|source)\b[^>]*?\s(?:href|src)="([^"]*)"/g), (match) => ({
    target: unescape(match[2]),
    embedded: match[1] !== 'a',
  }));
  return { ids, links };
}

/** Returns the file of the site that a path leads to, as GitHub Pages finds it; `undefined` where there is none. */
export function fileOf(path, has) {
  const candidates = path === '' || path.endsWith('/') ? [`${path}index.html`] : [path, `${path}.html`];
  return candidates.find(has);
}

/**
 * Checks every link of every page.
 *
 * @param site.pages The HTML of each page, by its path in the site.
 * @param site.has Returns whether the site has a file of this path.
 * @param site.base The path under which the site is served, with slashes around.
 * @param site.repository The address of the repository; links into it have to name files of `site.root`.
 * @returns What is wrong, one line for each.
 */
export function checkLinks({ pages, has, base, repository, root }) {
  const read = new Map([...pages].map(([path, html]) => [path, readPage(html)]));
  const origin = 'https://site.invalid';
  const problemOf = (from, { target }) => {
    const url = new URL(target, `${origin}${base}${from}`);
    if (url.origin !== origin) return checkRepositoryLink(target, repository, root);
    if (!url.pathname.startsWith(base)) return 'leaves the site';
    const file = fileOf(decodeURI(url.pathname.slice(base.length)), has);
    if (file === undefined) return 'does not exist';
    const anchor = decodeURIComponent(url.hash.slice(1));
    if (anchor === '' || read.get(file) === undefined || read.get(file).ids.has(anchor)) return undefined;
    return 'has no such heading';
  };
  return [...read].flatMap(([from, { links }]) => {
    const problems = links.map((link) => [link.target, problemOf(from, link)]).filter(([, problem]) => problem);
    return Array.from(new Map(problems), ([target, problem]) => `${from}: ${target} ${problem}.`);
  });
}

function checkRepositoryLink(target, repository, root) {
  const files = new RegExp(`^${repository.replaceAll('.', '\\.')}/(?:blob|tree|edit)/[^/]+/([^#?]*)`);
  const path = files.exec(target)?.[1];
  return path === undefined || existsSync(join(root, decodeURI(path))) ? undefined : 'is no file of the repository';
}
