import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { closeWindows, openBrowser } from './chromium.ts';
import { DemoSite } from './demo-site.ts';
import { PASSWORD, Visitor } from './visitor.ts';

let browser: Browser;
let site: DemoSite;

beforeAll(async () => {
  [browser, site] = await Promise.all([openBrowser(), DemoSite.start()]);
});
afterEach(closeWindows);
afterAll(() => site?.stop());

it('lets the first user of the demo end the session of another one, after the password once more', async () => {
  const ada = await Visitor.arrive(site, browser);
  await ada.postSignUp('Ada');
  const bea = await Visitor.arrive(site, browser);
  await bea.postSignUp('Bea');
  await bea.open('/devices');
  expect(await bea.page.getByRole('link', { name: 'Sessions of all users' }).count()).toBe(0);
  expect((await bea.page.goto('/admin/sessions'))?.status()).toBe(404);

  await ada.open('/devices');
  await ada.page.getByRole('link', { name: 'Sessions of all users' }).click();
  await ada.page.getByRole('searchbox').fill('bea');
  await ada.page.getByRole('button', { name: 'Search' }).click();
  await ada.page.getByRole('heading', { name: 'Bea', exact: true }).waitFor();
  site.store.offset += 901_000;
  await ada.page.getByRole('button', { name: 'End Chrome on Linux' }).click();
  await ada.page.getByRole('heading', { name: 'Confirm your password' }).waitFor();
  await ada.enter({ Password: PASSWORD });
  await ada.page.getByRole('button', { name: 'Confirm' }).click();
  await ada.page.getByRole('heading', { name: 'Bea', exact: true }).waitFor();
  expect(await bea.isLoggedIn()).toBe(true);
  await ada.page.getByRole('button', { name: 'End Chrome on Linux' }).click();
  await ada.page.getByText('The session has been ended.').waitFor();
  expect(await bea.isLoggedIn()).toBe(false);
  expect(await ada.page.locator('#audit .row').first().innerText()).toContain('by Ada');
});
