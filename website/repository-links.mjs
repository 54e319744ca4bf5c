// A plugin for markdown-it. The pages are written for GitHub, where links are relative to the file: links to pages are
// turned into links to those of the site, and links to other files of the repository into links to GitHub.
import { existsSync, statSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';

/**
 * Returns where a link of a page leads on the website.
 *
 * @param target The link, as it is written.
 * @param file The path of the page's file, from the root of the repository.
 * @param options.root The folder of the repository.
 * @param options.pages The files that are pages, with the paths of these.
 * @param options.repository The address of the repository.
 * @param options.ref The branch or tag that links lead to.
 * @throws When the repository has no such file.
 */
export function resolveLink(target, file, { root, pages, repository, ref }) {
  if (/^[a-z][a-z+.-]*:|^\/\/|^#/i.test(target)) return target;
  const [, path, rest] = /^([^?#]*)(.*)$/.exec(target);
  const linked = posix.join(posix.dirname(file), decodeURI(path)).replace(/\/$/, '');
  const page = pages.get(linked) ?? pages.get(`${linked}/README.md`);
  if (page !== undefined) return `/${page}${rest}`;
  const onDisk = join(root, linked);
  if (!existsSync(onDisk)) throw new Error(`${file}: ${target} does not exist.`);
  const kind = statSync(onDisk).isDirectory() ? 'tree' : 'blob';
  return `${repository}/${kind}/${ref}/${encodeURI(linked)}${rest}`;
}

export function repositoryLinks(md, options) {
  md.core.ruler.after('inline', 'repository-links', ({ tokens, env }) => {
    const file = relative(options.root, env.realPath ?? env.path)
      .split(sep)
      .join('/');
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      if (token.type !== 'link_open') continue;
      token.attrSet('href', resolveLink(token.attrGet('href'), file, options));
    }
  });
}
