import { describe, expect, it } from 'vitest';
import { checkLinks, fileOf } from '../../website/check/links.mjs';
import { tagline } from '../../website/home.mjs';
import { placePages } from '../../website/navigation.mjs';
import { findPages, root, titleOf } from '../../website/pages.mjs';
import { escapeUnknownTags } from '../../website/plain-html.mjs';
import { resolveLink } from '../../website/repository-links.mjs';

describe('the navigation of the website', () => {
  it('has a place for every page', () => {
    const pages = Array.from(findPages().values(), (page) => page.replace(/\.md$/, ''));
    expect(pages).toContain('index');
    // A page that is named here needs a place in website/navigation.mjs.
    expect(placePages(pages).unplaced).toEqual([]);
  });

  it('leaves out pages that do not exist, and names those that have no place', () => {
    const sections = [
      { text: 'A', pages: ['one', 'two'] },
      { text: 'B', pages: ['three', 'folder/'] },
      { text: 'C', pages: ['four'] },
    ];
    expect(placePages(['index', 'folder/b', 'folder/a', 'two', 'five', 'other/a'], sections)).toEqual({
      sections: [
        { text: 'A', pages: ['two'] },
        { text: 'B', pages: ['folder/a', 'folder/b'] },
      ],
      unplaced: ['five', 'other/a'],
      missing: ['one', 'three', 'four'],
    });
  });

  it('lists a page of a folder once, where it is named', () => {
    const sections = [{ text: 'A', pages: ['folder/b', 'folder/'] }];
    expect(placePages(['folder/a', 'folder/b'], sections).sections).toEqual([
      { text: 'A', pages: ['folder/b', 'folder/a'] },
    ]);
  });

  it('has a title for each page', () => {
    const titles = Array.from(findPages().keys(), titleOf);
    expect(titles.filter((title) => !/^[^`*#{]{2,80}$/.test(title))).toEqual([]);
  });
});

describe('links of the pages', () => {
  const options = {
    root,
    pages: new Map([
      ['README.md', 'index.md'],
      ['docs/session.md', 'session.md'],
      ['docs/recipes/step-up.md', 'recipes/step-up.md'],
      ['demo/README.md', 'demo.md'],
    ]),
    repository: 'https://example.org/project',
    ref: 'v1',
  };

  it.each([
    ['../session.md#the-commit', 'docs/recipes/step-up.md', '/session.md#the-commit'],
    ['recipes/step-up.md', 'docs/session.md', '/recipes/step-up.md'],
    ['docs/session.md', 'README.md', '/session.md'],
    ['../README.md', 'docs/session.md', '/index.md'],
    ['../demo/', 'docs/session.md', '/demo.md'],
    ['#here', 'docs/session.md', '#here'],
    ['https://example.com/a.md', 'docs/session.md', 'https://example.com/a.md'],
    ['../src/index.ts', 'docs/session.md', 'https://example.org/project/blob/v1/src/index.ts'],
    ['../src/index.ts#L3', 'docs/session.md', 'https://example.org/project/blob/v1/src/index.ts#L3'],
    ['../src/stores/redis/lua', 'docs/session.md', 'https://example.org/project/tree/v1/src/stores/redis/lua'],
  ])('%s in %s leads to %s', (target, file, expected) => {
    expect(resolveLink(target, file, options)).toBe(expected);
  });

  it('are refused when they lead nowhere', () => {
    expect(() => resolveLink('../src/nothing.ts', 'docs/session.md', options)).toThrow(
      'docs/session.md: ../src/nothing.ts does not exist.',
    );
  });
});

describe('the check of the built site', () => {
  const check = (pages: Record<string, string>): string[] =>
    checkLinks({
      pages: new Map(Object.entries(pages)),
      has: (path) => path in pages || path === 'assets/a.svg',
      base: '/base/',
      repository: 'https://example.org/project',
      root,
    });

  it('accepts pages, anchors, assets, files of the repository and other sites', () => {
    expect(
      check({
        'index.html': `<h1 id="top">A</h1><a class="x" href="/base/b#größe">b</a><a href="#top">top</a><a href="./b">b</a>
          <img alt="" src="/base/assets/a.svg"><a href="https://example.com/#x">c</a>
          <a href="https://example.org/project/blob/main/package.json#L1">d</a>`,
        'b.html': '<h2 id="größe">B</h2><a href="/base/">a</a><a href="/base/folder/c?x=1&amp;y=2">c</a>',
        'folder/c.html': '<a href="../b">b</a>',
      }),
    ).toEqual([]);
  });

  it.each([
    ['<a href="/base/nowhere">x</a>', '/base/nowhere does not exist.'],
    ['<a href="nowhere">x</a>', 'nowhere does not exist.'],
    ['<a href="/base/b#nothing">x</a>', '/base/b#nothing has no such heading.'],
    ['<a href="#nothing">x</a>', '#nothing has no such heading.'],
    ['<a href="/b">x</a>', '/b leaves the site.'],
    ['<img src="/base/assets/b.svg">', '/base/assets/b.svg does not exist.'],
    [
      '<a href="https://example.org/project/blob/main/src/nothing.ts">x</a>',
      'https://example.org/project/blob/main/src/nothing.ts is no file of the repository.',
    ],
  ])('names %s', (html, problem) => {
    expect(check({ 'index.html': html, 'b.html': '<h1 id="b">B</h1>' })).toEqual([`index.html: ${problem}`]);
  });

  it('does not take text for links', () => {
    const html = '<script>const a = `<a href="/x">`;</script><!-- <a href="/y"> --><code>&lt;a href="/z"&gt;</code>';
    expect(check({ 'index.html': html })).toEqual([]);
  });

  it('finds files as GitHub Pages does', () => {
    const has = (path: string): boolean => ['index.html', 'a.html', 'a/index.html', 'c.svg'].includes(path);
    expect(['', 'a', 'a/', 'c.svg', 'b', 'c'].map((path) => fileOf(path, has))).toEqual([
      'index.html',
      'a.html',
      'a/index.html',
      'c.svg',
      undefined,
      undefined,
    ]);
  });
});

describe('Markdown on the website', () => {
  it('shows what is no element of HTML, and keeps elements and comments', () => {
    expect(escapeUnknownTags('<random>.<b>x</b><!-- <y> --><br/></random>')).toBe(
      '&lt;random>.<b>x</b><!-- <y> --><br/>&lt;/random>',
    );
  });

  it('begins with the first paragraph of the README', () => {
    expect(tagline('# Name\n\nOne `two`\nthree.\n\nFour.')).toBe('One two three.');
    expect(tagline()).toMatch(/^[A-Z].{40,300}\.$/);
  });
});
