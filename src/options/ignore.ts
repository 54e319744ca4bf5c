import { checkNames, checkStrings } from '../internal/validate.ts';
import type { IgnoreOptions } from './options.ts';

/** The file extensions whose requests have no session by default. */
export const NO_SESSION_FILE_EXTENSIONS: readonly ['.js', '.css', '.ico', '.png', '.gif', '.jpg'] = [
  '.js',
  '.css',
  '.ico',
  '.png',
  '.gif',
  '.jpg',
];

/**
 * A wider list, for applications that serve files of today's kinds themselves.
 *
 * @example
 * ```ts
 * const factory = createSessionFactory({ secret, ignore: { extensions: STATIC_FILE_EXTENSIONS } });
 * ```
 */
export const STATIC_FILE_EXTENSIONS: readonly [
  ...typeof NO_SESSION_FILE_EXTENSIONS,
  ...['.jpeg', '.svg', '.webp', '.avif', '.woff', '.woff2', '.ttf', '.map', '.mjs', '.txt', '.xml'],
  ...['.webmanifest', '.mp4', '.webm', '.pdf'],
] = [
  ...NO_SESSION_FILE_EXTENSIONS,
  '.jpeg',
  '.svg',
  '.webp',
  '.avif',
  '.woff',
  '.woff2',
  '.ttf',
  '.map',
  '.mjs',
  '.txt',
  '.xml',
  '.webmanifest',
  '.mp4',
  '.webm',
  '.pdf',
];

const EXCEPT = ['/notebook/'] as const;

/**
 * Returns whether a request is for a static file, which needs no session. Only the path counts, never query or
 * fragment. Anything that cannot be read as a URL is not ignored: a session too many is the safe side.
 *
 * @param url - A path with or without a query, or an absolute URL.
 * @param options - `extensions` with their dot, compared case-insensitively, default
 * {@link NO_SESSION_FILE_EXTENSIONS}; `except`, path prefixes that have sessions all the same, default
 * `['/notebook/']`, because such requests are proxied to another daemon.
 * @throws TypeError when an option is malformed; never because of the URL.
 * @example
 * ```ts
 * ignoreSession('/theme/logo.PNG?v=3'); // true
 * ignoreSession('/download?file=logo.png'); // false
 * ignoreSession('/notebook/static/main.js'); // false
 * ```
 */
export function ignoreSession(url: string, options?: IgnoreOptions): boolean {
  return options === undefined ? ignoredByDefault(url) : ignoreRule(options)(url);
}

/** {@link ignoreSession} with its options checked and prepared once. */
export function ignoreRule(options: IgnoreOptions, name = 'ignore'): (url: string) => boolean {
  checkNames(name, options, ['extensions', 'except']);
  checkStrings(`${name}.extensions`, options.extensions, 'file extensions such as .css', isExtension);
  checkStrings(`${name}.except`, options.except, 'path prefixes such as /notebook/', (path) => path.startsWith('/'));
  const extensions = (options.extensions ?? NO_SESSION_FILE_EXTENSIONS).map((extension) => extension.toLowerCase());
  const except = [...(options.except ?? EXCEPT)];
  return (url) => isIgnored(url, extensions, except);
}

const ignoredByDefault = ignoreRule({});

function isExtension(text: string): boolean {
  return text.length > 1 && text.startsWith('.') && !/[/?#]/.test(text);
}

function isIgnored(url: string, extensions: readonly string[], except: readonly string[]): boolean {
  if (typeof url !== 'string') return false;
  const end = pathEnd(url);
  const dot = url.indexOf('.', url.lastIndexOf('/', end - 1) + 1);
  // Most requests leave here. No way of reading a URL gives its last segment a dot that it lacks.
  if (dot === -1 || dot >= end) return false;
  if (url.charCodeAt(0) !== SLASH) return isAbsoluteIgnored(url, extensions, except);
  const file = url.slice(dot, end).toLowerCase();
  return extensions.some((extension) => file.endsWith(extension)) && !except.some((path) => url.startsWith(path));
}

const SLASH = 0x2f;

function pathEnd(url: string): number {
  const query = url.indexOf('?');
  const fragment = url.indexOf('#');
  if (query === -1) return fragment === -1 ? url.length : fragment;
  return fragment === -1 ? query : Math.min(query, fragment);
}

function isAbsoluteIgnored(url: string, extensions: readonly string[], except: readonly string[]): boolean {
  let path: string;
  try {
    path = new URL(url).pathname;
  } catch {
    return false;
  }
  // `mailto:` and the like have no path that begins with a slash.
  return path.startsWith('/') && isIgnored(path, extensions, except);
}
