import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { MemoryStore } from 'websauna-session/memory';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { closeWindows, openBrowser, PHONE } from './chromium.ts';
import { DashboardSite, PATH } from './dashboard-site.ts';

let browser: Browser;
let redis: RedisServer;
/** Turns the clock of the sessions in memory. */
let offset = 0;

beforeAll(async () => {
  [browser, redis] = await Promise.all([openBrowser(), startRedis()]);
});
afterEach(closeWindows);
afterAll(() => redis?.stop());

/** Opens a browser of a person who has logged in; of a visitor for `null`. */
async function arrive(site: DashboardSite, owner: string | null, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ baseURL: site.url, ...options });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  await page.goto(owner === null ? '/' : `/log-in/${owner}`);
  return page;
}

async function greeting(page: Page): Promise<string> {
  await page.goto('/');
  return await page.getByRole('heading').innerText();
}

async function text(page: Page): Promise<string> {
  return (await page.locator('body').innerText()).trim();
}

async function devices(page: Page): Promise<string[]> {
  return await page.getByRole('list', { name: 'Sessions' }).locator('.title').allInnerTexts();
}

describe.each([
  ['memory', () => DashboardSite.start({ store: new MemoryStore({ now: () => Date.now() + offset }) })],
  ['Redis', () => DashboardSite.start({ redis: { url: redis.url, publishEnds: true, socketTimeout: 20 } })],
])('the dashboard over sessions in %s', (_name, start) => {
  let site: DashboardSite;
  beforeAll(async () => {
    site = await start();
  });
  afterAll(() => site?.stop());

  it.each([
    ['with JavaScript', true],
    ['without JavaScript', false],
  ])('an administrator finds a user by name, sees two devices and ends one, %s', async (_how, javaScriptEnabled) => {
    await site.factory.owners.revoke('u-3');
    const computer = await arrive(site, 'u-3');
    const phone = await arrive(site, 'u-3', { userAgent: PHONE });
    const ada = await arrive(site, 'u-1', { javaScriptEnabled });
    await ada.goto(PATH);
    await ada.getByRole('searchbox', { name: 'Find an owner' }).fill('bea');
    await ada.getByRole('button', { name: 'Search' }).click();
    await ada.getByRole('link', { name: 'Bea Sauna' }).click();
    await ada.getByRole('heading', { name: '2 live sessions' }).waitFor();
    expect(await devices(ada)).toEqual(['Safari on iPhone', 'Chrome on Linux']);
    await ada.getByRole('button', { name: 'End Safari on iPhone' }).click();
    await ada.getByText('The session has been ended.').waitFor();
    expect(await devices(ada)).toEqual(['Chrome on Linux']);
    expect(await greeting(phone)).toBe('Hello stranger');
    expect(await greeting(computer)).toBe('Hello u-3');
    expect(await ada.locator('#audit .row').first().innerText()).toContain('by Ada Admin');
  });

  it('asks once more before all devices are logged out, without a script', async () => {
    const computer = await arrive(site, 'u-4');
    const ada = await arrive(site, 'u-1', { javaScriptEnabled: false });
    await ada.goto(`${PATH}?page=owner&owner=u-4`);
    await ada.getByText('End all', { exact: true }).click();
    await ada.getByRole('button', { name: 'End 1 session' }).click();
    await ada.getByText('1 session ended.').waitFor();
    expect(await greeting(computer)).toBe('Hello stranger');
  });

  it('shows a new device by itself, and stops when the session of the administrator ends', async () => {
    await site.factory.owners.revoke('u-4');
    const ada = await arrive(site, 'u-1');
    await ada.goto(`${PATH}?page=owner&owner=u-4`);
    await ada.getByText('Live.').waitFor();
    await arrive(site, 'u-4');
    await ada.getByRole('heading', { name: '1 live session' }).waitFor();
    await site.factory.owners.revoke('u-1');
    await ada.getByText('Your session has ended. Reload the page.').waitFor();
    await ada.reload();
    expect(await text(ada)).toBe('Not found');
  });

  it('gives an outsider nothing, with a stolen address or without', async () => {
    const ada = await arrive(site, 'u-1');
    await arrive(site, 'u-3');
    await ada.goto(`${PATH}?page=owner&owner=u-3`);
    await ada.locator('.device .title').first().click();
    await ada.getByRole('heading', { name: 'Times and limits' }).waitFor();
    const stolen = ada.url();
    for (const owner of [null, 'u-3']) {
      const outsider = await arrive(site, owner);
      const seen = [];
      for (const url of [stolen, stolen.replace(/session=[\w-]+/, 'session=x'), `${PATH}?page=nonsense`]) {
        const response = await outsider.goto(url);
        seen.push(`${response!.status()} ${await text(outsider)}`);
      }
      expect(seen).toEqual(['404 Not found', '404 Not found', '404 Not found']);
    }
  });

  it('shows a reader no button', async () => {
    const computer = await arrive(site, 'u-3');
    const rita = await arrive(site, 'u-2');
    await rita.goto(`${PATH}?page=owner&owner=u-3`);
    await rita.locator('.device').first().waitFor();
    expect(await rita.locator('form[method=post]').count()).toBe(0);
    expect(await greeting(computer)).toBe('Hello u-3');
  });

  it('does nothing for a form of another site', async () => {
    const computer = await arrive(site, 'u-3');
    const ada = await arrive(site, 'u-1');
    const form = `<form method="post" action="${site.url}${PATH}?page=end-all"><input name="owner" value="u-3"><button>Win</button></form>`;
    const attacker = createServer((_req, res) => {
      res.setHeader('content-type', 'text/html').end(`<!doctype html>${form}`);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => attacker.once('listening', resolve));
    // Another host: to the browser, another site.
    await ada.goto(`http://127.0.0.1:${(attacker.address() as AddressInfo).port}/`);
    await ada.getByRole('button', { name: 'Win' }).click();
    await ada.waitForURL(`**${PATH}?page=end-all`);
    expect(await text(ada)).toBe('Not found');
    expect(await greeting(computer)).toBe('Hello u-3');
    attacker.closeAllConnections();
    attacker.close();
  });
});

describe('the dashboard', () => {
  it('asks for a login again before an act', async () => {
    const site = await DashboardSite.start(
      { store: new MemoryStore({ now: () => Date.now() + offset }), timeout: 7200 },
      { onNotFresh: () => new Response(null, { status: 303, headers: { location: '/log-in/u-1' } }) },
    );
    const computer = await arrive(site, 'u-3');
    const ada = await arrive(site, 'u-1');
    await ada.goto(`${PATH}?page=owner&owner=u-3`);
    offset += 901_000;
    await ada.getByRole('button', { name: 'End Chrome on Linux' }).click();
    await ada.waitForURL(`${site.url}/`);
    expect(await greeting(computer)).toBe('Hello u-3');
    await ada.goto(`${PATH}?page=owner&owner=u-3`);
    await ada.getByRole('button', { name: 'End Chrome on Linux' }).click();
    await ada.getByText('The session has been ended.').waitFor();
    expect(await greeting(computer)).toBe('Hello stranger');
    await site.stop();
  });

  it('does not keep the session of an administrator alive who has left it open', async () => {
    const site = await DashboardSite.start({
      store: new MemoryStore({ now: () => Date.now() + offset }),
      timeout: 600,
      touchInterval: 1,
    });
    const ada = await arrive(site, 'u-1');
    await ada.goto(`${PATH}?page=owner&owner=u-3`);
    await ada.getByText('Live.').waitFor();
    const [before] = await site.factory.owners.list('u-1');
    offset += 300_000;
    await arrive(site, 'u-3');
    await ada.getByRole('heading', { name: '1 live session' }).waitFor();
    const [after] = await site.factory.owners.list('u-1');
    expect(after?.lastSeenAt).toEqual(before?.lastSeenAt);
    await ada.goto(PATH);
    const [used] = await site.factory.owners.list('u-1');
    expect(used!.lastSeenAt.getTime()).toBeGreaterThan(before!.lastSeenAt.getTime());
    await site.stop();
  });
});
