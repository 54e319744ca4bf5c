import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ignoreSession, NO_SESSION_FILE_EXTENSIONS, STATIC_FILE_EXTENSIONS } from '../../src/options/ignore.ts';

describe('ignoreSession', () => {
  it.each(NO_SESSION_FILE_EXTENSIONS)('ignores %s, as a path and as an absolute URL', (extension) => {
    expect(ignoreSession(`/theme/file${extension}`)).toBe(true);
    expect(ignoreSession(`https://example.com/theme/file${extension}`)).toBe(true);
    expect(ignoreSession(`/theme/file${extension}?v=3#top`)).toBe(true);
    expect(ignoreSession(`/theme/file${extension}?next=/account`)).toBe(true);
    expect(ignoreSession(`/theme/file${extension.toUpperCase()}`)).toBe(true);
  });

  it.each([
    '/',
    '',
    '*',
    '/account',
    '/account.json',
    '/theme.js/account',
    '/theme.js/',
    '/js',
    '/.jsx',
    '/file.js.html',
    '/download?file=logo.png',
    '/account#logo.png',
    '/account?next=/a/b.js',
    '/account#/a/b.js',
    'https://example.js',
    'https://example.js/',
    'https://example.js?/a.js',
    'https://example.com/account?next=https://example.com/a.js',
  ])('does not ignore %j', (url) => {
    expect(ignoreSession(url)).toBe(false);
  });

  it.each(['file.js', 'http://', 'http://[bad]/a.js', '://a.js', 'mailto:a.js', 'example.js:443', '\\a.js', ' '])(
    'does not ignore %j, which is neither a path nor an absolute URL',
    (url) => {
      expect(ignoreSession(url)).toBe(false);
    },
  );

  it('takes what only looks absolute for a path, as a server does', () => {
    expect(ignoreSession('//cdn.example.com/a.js')).toBe(true);
    expect(ignoreSession('/proxy/https://example.com/a.js')).toBe(true);
  });

  it('resolves an absolute URL before it looks at its path', () => {
    expect(ignoreSession('https://example.com/a.js/..')).toBe(false);
    expect(ignoreSession('https://example.com/notebook/x/../a.js')).toBe(false);
    expect(ignoreSession('https://example.com/notebook/../a.js')).toBe(true);
  });

  it('leaves requests to the notebook daemon alone', () => {
    expect(ignoreSession('/notebook/static/main.js')).toBe(false);
    expect(ignoreSession('https://example.com/notebook/static/main.js')).toBe(false);
    expect(ignoreSession('/notebook.js')).toBe(true);
    expect(ignoreSession('/x/notebook/main.js')).toBe(true);
  });

  it('takes other extensions and exceptions', () => {
    expect(ignoreSession('/a.woff2')).toBe(false);
    expect(ignoreSession('/a.woff2', { extensions: STATIC_FILE_EXTENSIONS })).toBe(true);
    expect(ignoreSession('/a.js', { extensions: ['.CSS'] })).toBe(false);
    expect(ignoreSession('/a.css', { extensions: ['.CSS'] })).toBe(true);
    expect(ignoreSession('/a.tar.gz', { extensions: ['.tar.gz'] })).toBe(true);
    expect(ignoreSession('/a.js', { extensions: [] })).toBe(false);
    expect(ignoreSession('/user/ann.js', { except: ['/user/'] })).toBe(false);
    expect(ignoreSession('/notebook/main.js', { except: [] })).toBe(true);
  });

  it('keeps every extension of the seed in the wider list', () => {
    expect(STATIC_FILE_EXTENSIONS).toEqual(expect.arrayContaining([...NO_SESSION_FILE_EXTENSIONS]));
    expect(new Set(STATIC_FILE_EXTENSIONS).size).toBe(STATIC_FILE_EXTENSIONS.length);
  });

  it('refuses malformed options, and says which', () => {
    expect(() => ignoreSession('/', { extensions: ['js'] })).toThrow(/`ignore\.extensions\[0\]`/);
    expect(() => ignoreSession('/', { except: ['notebook'] })).toThrow(/`ignore\.except\[0\]`/);
    expect(() => ignoreSession('/', { extension: [] } as never)).toThrow(/Did you mean `ignore\.extensions`/);
  });

  it('never throws, and never counts query or fragment', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (path, rest) => {
        const bare = path.replaceAll(/[?#]/g, '');
        expect(ignoreSession(`/${bare}?${rest}`)).toBe(ignoreSession(`/${bare}`));
        expect(ignoreSession(`/${bare}#${rest}`)).toBe(ignoreSession(`/${bare}`));
        expect(typeof ignoreSession(path)).toBe('boolean');
      }),
    );
    for (const value of [undefined, null, 1, {}, []]) expect(ignoreSession(value as never)).toBe(false);
  });

  it('agrees with the URL parser on absolute URLs', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
        const { pathname } = new URL(url);
        const expected =
          NO_SESSION_FILE_EXTENSIONS.some((extension) => pathname.toLowerCase().endsWith(extension)) &&
          !pathname.startsWith('/notebook/');
        expect(ignoreSession(url)).toBe(expected);
      }),
    );
  });
});
