import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { closeWindows, openBrowser } from './chromium.ts';
import { DemoSite, loadModule } from './demo-site.ts';
import { Visitor } from './visitor.ts';

let browser: Browser;
let site: DemoSite;

beforeAll(async () => {
  [browser, site] = await Promise.all([openBrowser(), DemoSite.start()]);
});
afterEach(async () => {
  vi.useRealTimers();
  await closeWindows();
});
afterAll(() => site?.stop());

describe('a time', () => {
  const NOW = new Date('2031-05-06T07:08:09.000Z');

  it.each([
    [0, 'just now'],
    [59, 'just now'],
    [60, '1 minute ago'],
    [180, '3 minutes ago'],
    [3600, '1 hour ago'],
    [50 * 3600, '2 days ago'],
    // The store's clock is ahead.
    [-300, 'just now'],
  ])('%d seconds ago reads: %s', async (seconds, text) => {
    const { timeAgo } = await loadModule<{ timeAgo: (date: Date) => { toString(): string } }>('views/time.ts');
    vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
    expect(timeAgo(new Date(NOW.getTime() - seconds * 1000)).toString()).toContain(`>${text}</time>`);
  });

  it.each([
    [0, 'in less than a minute'],
    [1200, 'in 20 minutes'],
    [30 * 86_400 - 2, 'in 30 days'],
  ])('in %d seconds reads: %s', async (seconds, text) => {
    const { timeUntil } = await loadModule<{ timeUntil: (date: Date) => { toString(): string } }>('views/time.ts');
    vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
    expect(timeUntil(new Date(NOW.getTime() + seconds * 1000)).toString()).toContain(`>${text}</time>`);
  });

  it('has the exact time as its title, and for programs', async () => {
    const ada = await Visitor.arrive(site, browser);
    await ada.open('/notes');
    const before = Date.now();
    await ada.enter({ 'New note': 'Now' });
    await ada.press('Save note', '/notes');
    const time = ada.page.locator('.list time');
    expect(await time.innerText()).toBe('just now');
    const at = Date.parse((await time.getAttribute('datetime'))!);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
    const title = (await time.getAttribute('title'))!;
    expect(title).toMatch(/^\d{1,2} \w+ \d{4}(?: at|,) \d\d:\d\d:\d\d UTC$/);
    expect(Date.parse(title.replace(' at', ''))).toBe(Math.floor(at / 1000) * 1000);
  });
});

describe('the name of a browser', () => {
  it.each([
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0',
      'Microsoft Edge on Windows',
      false,
    ],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on macOS', false],
    [
      'Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 Mobile/15E148 Safari/604.1',
      'Safari on iPad',
      true,
    ],
    [
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36',
      'Chrome on Android',
      true,
    ],
    ['curl/8.5.0', 'Unknown browser', false],
    ['', 'Unknown browser', false],
    [null, 'Unknown browser', false],
  ])('of %j is %s', async (userAgent, name, mobile) => {
    const { describeAgent } = await loadModule<{ describeAgent: (userAgent: string | null) => object }>(
      'views/agent.ts',
    );
    expect(describeAgent(userAgent)).toEqual({ name, mobile });
  });
});

describe('who is logged in', () => {
  it.each(['/', '/compare', '/compare/logout', '/notes', '/session', '/devices', '/password', '/source', '/nowhere'])(
    'is shown on %s',
    async (path) => {
      const bea = await Visitor.arrive(site, browser);
      await bea.postSignUp(`Bea ${path.slice(1).replaceAll('/', ' ')}!`.replace(/ ?!$/, ''));
      await bea.open(path);
      expect(await bea.page.locator('.who').getAttribute('title')).toMatch(/^Logged in as Bea/);
    },
  );

  it.each([[{ width: 390, height: 844 }], [{ width: 320, height: 600 }]])(
    'can be read in a window of %o',
    async (viewport) => {
      const cy = await Visitor.arrive(site, browser, { viewport });
      await cy.postSignUp(`Cy ${viewport.width}`);
      await cy.open('/');
      const box = await cy.page.locator('.who-name').boundingBox();
      expect(box!.width).toBeGreaterThan(40);
      expect(box!.x + box!.width).toBeLessThanOrEqual(viewport.width);
    },
  );

  it('is shown when a form is refused', async () => {
    const dan = await Visitor.arrive(site, browser);
    await dan.postSignUp('Dan');
    const refused = await site.fetch('/notes', { cookie: await dan.cookie(), form: { text: 'Forged' } });
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('title="Logged in as Dan"');
    const tooLarge = await site.fetch('/notes', { cookie: await dan.cookie(), form: { text: 'x'.repeat(20_000) } });
    expect(tooLarge.status).toBe(413);
    expect(await tooLarge.text()).toContain('title="Logged in as Dan"');
  });
});

describe('the source', () => {
  it('is one click away, and its links lead somewhere', async () => {
    const eve = await Visitor.arrive(site, browser);
    await eve.open('/notes');
    await eve.page.getByRole('link', { name: 'routes/notes.ts' }).click();
    expect(await eve.heading()).toBe('demo/src/routes/notes.ts');
    expect(await eve.page.locator('pre').innerText()).toContain('export function noteRoutes(): Router {');
    for (const path of ['/', '/compare', '/compare/logout', '/session', '/log-in', '/about', '/source']) {
      const page = await (await site.fetch(path)).text();
      const links = [...page.matchAll(/href="(\/source[^"]*)"/g)].map(([, link]) => link!);
      expect(links).toContain('/source');
      // The list has every file; the first and the last of each folder are enough.
      for (const link of path === '/source' ? links.filter((_, index) => index % 20 === 0) : links) {
        expect([link, (await site.fetch(link)).status]).toEqual([link, 200]);
      }
    }
  });

  it.each([
    'package.json',
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e/package.json',
    'demo/src',
    'demo/build/app.js',
    'node_modules/express/index.js',
  ])('has no %s', async (path) => {
    expect((await site.fetch(`/source/${path}`)).status).toBe(404);
  });
});
