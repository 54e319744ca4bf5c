import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { closeWindows, openBrowser, PHONE } from './chromium.ts';
import { DemoSite } from './demo-site.ts';
import { PASSWORD, Visitor } from './visitor.ts';
import { Viewports } from './viewports.ts';

let browser: Browser;
let site: DemoSite;

beforeAll(async () => {
  [browser, site] = await Promise.all([openBrowser(), DemoSite.start()]);
});
afterEach(closeWindows);
afterAll(() => site?.stop());

it('every page fits its window, loads all that it asks for and breaks no rule of its own', async () => {
  const user = 'Ada';
  const visitor = await Visitor.arrive(site, browser);
  const other = await Visitor.arrive(site, browser, { userAgent: PHONE });
  const viewports = await Viewports.of(visitor.page);
  const complaints: string[] = [];
  visitor.page.on('console', (message) => {
    // Chromium reports every answer of 400 and more, and the pages for them are part of the tour.
    if (!message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  visitor.page.on('requestfailed', (request) => {
    // A page that is left loads no more.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') complaints.push(request.url());
  });
  let count = 0;
  const look = async (page: string): Promise<void> => {
    const unnamed = 'document.querySelectorAll("input:not([type=hidden], [hidden]), textarea").values()';
    const labels = `Array.from(${unnamed}, (input) => input.labels.length)`;
    expect.soft(await visitor.page.evaluate(labels), `${page} has a field without label`).not.toContain(0);
    expect.soft(await viewports.problems(`${String(++count).padStart(2, '0')}-${page}`), page).toEqual([]);
  };

  await visitor.open('/');
  await look('stranger');
  await visitor.open('/sign-up');
  await look('sign-up');
  await visitor.signUp(user);
  await look('welcome');
  await visitor.open('/notes');
  await look('no-notes');
  for (const note of ['Bring birch twigs', `A long one: ${'löyly '.repeat(30)}`, 'w'.repeat(200)]) {
    await visitor.enter({ 'New note': note });
    await visitor.press('Save note', '/notes');
  }
  await look('notes');
  await visitor.open('/session');
  await look('session');
  await other.postLogIn(user);
  await visitor.open('/devices');
  await look('devices');
  site.store.offset += 601_000;
  await visitor.page.getByRole('button', { name: /^Log out Safari/ }).click();
  await visitor.page.getByRole('heading', { name: 'Confirm your password' }).waitFor();
  await look('confirm');
  await visitor.open('/password');
  await look('password');
  await visitor.changePassword(PASSWORD, 'battery staple');
  await look('password-changed');
  // Changed once more, on the other device: this one is out, and reads why.
  await other.logIn(user, 'battery staple');
  await other.changePassword('battery staple', PASSWORD);
  await visitor.open('/devices');
  await look('logged-out-why');
  await visitor.enter({ Name: user, Password: 'battery staple' });
  await visitor.page.getByRole('button', { name: 'Log in' }).click();
  await visitor.page.getByText('The name or the password is wrong.').waitFor();
  await look('wrong-password');
  await visitor.open('/about');
  await look('about');
  await visitor.open('/compare');
  await look('race');
  await visitor.page.getByRole('button', { name: 'Start the race' }).click();
  await visitor.page.getByRole('heading', { name: 'The result' }).waitFor();
  await look('race-result');
  await visitor.open('/compare/logout');
  await look('experiment');
  for (const button of ['Start a slow request', 'Log Ada out', 'Let the slow request finish']) {
    await visitor.page.getByRole('button', { name: button }).click();
    await visitor.page.getByRole('button', { name: button }).waitFor({ state: 'detached' });
    await look(`experiment-${button.split(' ')[0]!.toLowerCase()}`);
  }
  await visitor.open('/source');
  await look('sources');
  await visitor.open('/source/docs/consistency.md');
  await look('source');
  await visitor.open('/notes');
  await visitor.page
    .locator('[name=_csrf]')
    .first()
    .evaluate((input) => input.remove());
  await visitor.enter({ 'New note': 'Forged' });
  await visitor.page.getByRole('button', { name: 'Save note' }).click();
  await visitor.page.getByText('This form was not accepted').waitFor();
  await look('refused');
  await visitor.open('/nowhere');
  await look('not-found');
  expect(complaints).toEqual([]);
});
