import type { Browser } from 'playwright-core';
import { MemoryStore } from 'websauna-session/memory';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { closeWindows, openBrowser } from './chromium.ts';
import { simulateHour } from './dashboard-history.ts';
import { DashboardSite, PATH } from './dashboard-site.ts';
import { Viewports } from './viewports.ts';

const HOSTILE = `<img src="x" onerror="document.title='hacked'">"'&<script>document.title='hacked'</script>`;

let browser: Browser;
let site: DashboardSite;
let secondsAgo = 0;

beforeAll(async () => {
  const store = new MemoryStore({ now: () => Date.now() - secondsAgo * 1000 });
  [browser, site] = await Promise.all([openBrowser(), DashboardSite.start({ store }, { showValues: true })]);
  await simulateHour(site.factory, (ago) => {
    secondsAgo = ago;
  });
});
afterEach(closeWindows);
afterAll(() => site?.stop());

describe('the pages of the dashboard', () => {
  it('fit their window, load all that they ask for and break no rule of accessibility', async () => {
    const context = await browser.newContext({ baseURL: site.url });
    const page = await context.newPage();
    const viewports = await Viewports.of(page, 'dashboard-');
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (!message.text().startsWith('Failed to load resource')) complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== site.url) complaints.push(request.url());
    });
    await page.goto(`/log-in/u-1?theme=dark&basket=${encodeURIComponent(HOSTILE)}`);
    const look = async (title: string): Promise<void> => {
      expect.soft(await viewports.problems(title), title).toEqual([]);
      expect.soft(await page.title()).not.toBe('hacked');
    };
    const visit = async (query: string, title: string): Promise<void> => {
      await page.goto(PATH + query);
      await look(title);
    };

    await visit('', 'overview');
    await page.getByText('Numbers').last().click();
    await look('numbers');
    await visit('?period=day', 'day');
    await visit('?period=week', 'week');
    await visit('?page=owners&q=bea', 'owners');
    await visit('?page=owner&owner=u-3', 'owner');
    await page.getByText('End all', { exact: true }).click();
    await look('confirm');
    await visit('?page=owner&owner=nobody', 'no-sessions');
    await visit('?page=owner&owner=u-1', 'own');
    await page.locator('.device .title').first().click();
    await page.getByRole('heading', { name: 'Times and limits' }).waitFor();
    await look('session');
    await visit('?page=session&session=x', 'no-session');
    await visit('?page=events', 'events');
    await visit('?page=cookies', 'cookies');
    await page.getByRole('link', { name: 'Try it' }).click();
    await page.getByText('the next request brought it back').waitFor();
    await look('tried');
    await visit('?page=nothing', 'missing');
    await page.goto(`${PATH}?page=owner&owner=u-3`);
    await page.locator('[name=_csrf]').evaluateAll((inputs) => inputs.forEach((input) => input.remove()));
    await page
      .getByRole('button', { name: /^End Safari/ })
      .first()
      .click();
    await page.getByRole('heading', { name: 'This page was out of date' }).waitFor();
    await look('out-of-date');
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('run no script of those who chose owners, names, agents and fields', async () => {
    const hostile = await DashboardSite.start({}, { ownerName: () => HOSTILE, by: () => HOSTILE, showValues: true });
    const context = await browser.newContext({ baseURL: hostile.url, userAgent: `Mozilla/5.0 ${HOSTILE}` });
    const page = await context.newPage();
    const refused: string[] = [];
    page.on('console', (message) => {
      if (!message.text().startsWith('Failed to load resource')) refused.push(message.text());
    });
    const owner = encodeURIComponent(HOSTILE);
    await page.goto(`/log-in/${owner}?${owner}=${owner}`);
    await page.goto('/log-in/u-1');
    await hostile.factory.owners.revoke(HOSTILE, { by: HOSTILE });
    await page.context().clearCookies();
    await page.goto(`/log-in/${owner}?${owner}=${owner}`);
    const [victim] = await hostile.factory.owners.list(HOSTILE);
    await page.context().clearCookies();
    await page.goto('/log-in/u-1');
    const pages = [
      '',
      `?page=owner&owner=${owner}`,
      `?page=session&session=${victim!.handle}&owner=${owner}`,
      '?page=events',
    ];
    for (const query of [...pages, `?page=owners&q=${owner}`, `?page=index&name=${owner}&value=${owner}`]) {
      await page.goto(PATH + query);
      expect(await page.locator('main img, main script').count()).toBe(0);
      expect(await page.title()).not.toBe('hacked');
    }
    // The policy had nothing to refuse.
    expect(refused).toEqual([]);
    await context.close();
    await hostile.stop();
  });
});
