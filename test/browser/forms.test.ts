import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
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

describe('a form', () => {
  it('is accepted from the page that it was rendered on', async () => {
    const ada = await Visitor.arrive(site, browser);
    await ada.open('/notes');
    await ada.enter({ 'New note': 'Water the birch <b>twice</b>' });
    await ada.press('Save note', '/notes');
    expect(await ada.messages()).toEqual(['Your note has been saved.']);
    expect(await ada.page.locator('.note').allInnerTexts()).toEqual(['Water the birch <b>twice</b>']);
    await ada.press(/^Delete the note/, '/notes');
    expect(await ada.page.getByText('No notes yet.').isVisible()).toBe(true);
  });

  it('is refused with an explanation when its token is missing', async () => {
    const bea = await Visitor.arrive(site, browser);
    await bea.open('/notes');
    await bea.page.locator('[name=_csrf]').evaluate((input) => input.remove());
    await bea.enter({ 'New note': 'Forged' });
    const answer = bea.page.waitForResponse((response) => response.request().method() === 'POST');
    await bea.page.getByRole('button', { name: 'Save note' }).click();
    expect((await answer).status()).toBe(403);
    await bea.page.getByText('This form was not accepted').waitFor();
    await bea.open('/notes');
    expect(await bea.page.getByText('No notes yet.').isVisible()).toBe(true);
  });

  it.each([
    ['without a cookie', undefined, {}],
    ['from another site', 'own', { 'sec-fetch-site': 'cross-site' }],
    ['from another origin', 'own', { origin: 'https://evil.example' }],
  ])('is refused %s', async (_title, whose, headers) => {
    const cy = await Visitor.arrive(site, browser);
    await cy.open('/notes');
    const form = { _csrf: await cy.page.locator('[name=_csrf]').inputValue(), text: 'Forged' };
    const cookie = whose === undefined ? {} : { cookie: await cy.cookie() };
    const refused = await site.fetch('/notes', { form, headers, ...cookie });
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('This form was not accepted');
    expect((await site.fetch('/notes', { form, cookie: await cy.cookie() })).status).toBe(303);
  });

  it('that was open before the login is refused after it', async () => {
    const dan = await Visitor.arrive(site, browser);
    await dan.open('/notes');
    const other = await dan.context.newPage();
    await other.goto('/sign-up');
    await other.getByLabel('Name').fill('Dan');
    await other.getByLabel('Password').fill(PASSWORD);
    await other.getByRole('button', { name: 'Sign up' }).click();
    await other.waitForURL(`${site.url}/`);

    await dan.enter({ 'New note': 'Late' });
    await dan.page.getByRole('button', { name: 'Save note' }).click();
    await dan.page.getByText('This form was not accepted').waitFor();
  });
});

describe('what a form marks as wrong', () => {
  beforeAll(async () => {
    await (await Visitor.arrive(site, browser)).postSignUp('Taken');
  });

  it.each([
    ['/sign-up', { Name: 'Fi', Password: 'short' }, ['password']],
    ['/sign-up', { Name: '!', Password: PASSWORD }, ['name']],
    ['/sign-up', { Name: 'Taken', Password: PASSWORD }, ['name']],
    ['/log-in', { Name: 'Taken', Password: 'wrong horse' }, ['name', 'password']],
    ['/password', { 'Current password': PASSWORD, 'New password': 'short' }, ['new-password']],
    ['/password', { 'Current password': 'wrong horse', 'New password': PASSWORD }, ['password']],
  ])('%s with %o: the input that is, and no other, and puts the cursor there', async (path, values, wrong) => {
    const fi = await Visitor.arrive(site, browser);
    if (path === '/password') await fi.postSignUp(`Owner of ${wrong.join()}`);
    await fi.open(path);
    await fi.enter(values);
    // The browser would not send what it knows to be too short.
    await fi.page.locator('main form').evaluate((form) => form.setAttribute('novalidate', ''));
    await fi.page.locator('main form button').click();
    await fi.page.locator('#problem').waitFor();
    const inputs = fi.page.locator('[aria-invalid=true]');
    expect(await inputs.evaluateAll((all) => all.map((input) => input.id))).toEqual(wrong);
    for (const input of await inputs.all()) expect(await input.getAttribute('aria-describedby')).toMatch(/\bproblem$/);
    expect(await fi.page.locator(':focus').getAttribute('id')).toBe(wrong[0]);
  });
});

describe('without JavaScript', () => {
  it('everything works', async () => {
    const eve = await Visitor.arrive(site, browser, { javaScriptEnabled: false });
    const phone = await Visitor.arrive(site, browser, { javaScriptEnabled: false });
    await eve.signUp('Eve');
    await phone.logIn('Eve');
    await eve.open('/notes');
    await eve.enter({ 'New note': 'No script' });
    await eve.press('Save note', '/notes');
    expect(await eve.messages()).toEqual(['Your note has been saved.']);
    expect(await eve.handle()).toMatch(/^[\w-]{43}$/);
    await eve.open('/devices');
    await eve.press('Log out Chrome on Linux', '/devices');
    expect(await phone.isLoggedIn()).toBe(false);
    await eve.changePassword(PASSWORD, 'battery staple');
    await eve.press('Log out', '/');
    await eve.logIn('Eve', 'battery staple');
    expect(await eve.heading()).toBe('Hello, Eve');
  });
});
