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

describe('a visitor', () => {
  it('has a session that counts visits, and needs no account for it', async () => {
    const ada = await Visitor.arrive(site, browser);
    for (const count of [1, 2, 3]) {
      await ada.open('/');
      expect(await ada.visits()).toBe(count);
    }
    expect(await ada.heading()).toBe('Hello, stranger');
  });

  it('loses no visit when tabs load at once', async () => {
    const ada = await Visitor.arrive(site, browser);
    await ada.open('/');
    const tabs = await Promise.all(Array.from({ length: 4 }, () => ada.context.newPage()));
    site.store.meet(tabs.length);
    // The addresses differ because a browser asks for one after the other while they are the same.
    await Promise.all(tabs.map((tab, index) => tab.goto(`/?tab=${index}`)));
    await ada.open('/');
    expect(await ada.visits()).toBe(6);
  });

  it('gets no cookie before there is something to remember', async () => {
    const ada = await Visitor.arrive(site, browser);
    await ada.open('/session');
    expect(await ada.page.locator('dl').innerText()).toContain('Not stored yet');
    await ada.go('About');
    expect(await ada.context.cookies()).toEqual([]);
  });
});

describe('signing up and logging in', () => {
  it('logs in, and says so exactly once', async () => {
    const ada = await Visitor.arrive(site, browser);
    await ada.signUp('Ada');
    expect(await ada.messages()).toEqual(['Welcome, Ada. You are signed up and logged in.']);
    expect(await ada.heading()).toBe('Hello, Ada');
    await ada.page.reload();
    expect(await ada.messages()).toEqual([]);
    expect(await ada.heading()).toBe('Hello, Ada');
  });

  it('gives the session a new id, and keeps what it holds', async () => {
    const bea = await Visitor.arrive(site, browser);
    await bea.open('/');
    const before = await bea.cookie();
    await bea.signUp('Bea Birch');
    expect(await bea.visits()).toBe(2);
    expect(await bea.cookie()).not.toBe(before);
    expect(await (await site.fetch('/', { cookie: before })).text()).not.toContain('Bea Birch');
  });

  it('answers 401 to a wrong password and to an unknown name, in the same words', async () => {
    const cy = await Visitor.arrive(site, browser);
    await cy.postSignUp('Cy');
    await cy.context.clearCookies();
    for (const name of ['Cy', 'Nobody']) {
      await cy.open('/log-in');
      await cy.enter({ Name: name, Password: 'wrong horse' });
      const answer = cy.page.waitForResponse((response) => response.request().method() === 'POST');
      await cy.page.getByRole('button', { name: 'Log in' }).click();
      expect((await answer).status()).toBe(401);
      expect(await cy.messages()).toEqual(['The name or the password is wrong.']);
      expect(await cy.page.getByLabel('Name').inputValue()).toBe(name);
    }
    await cy.enter({ Name: 'cy', Password: PASSWORD });
    await cy.press('Log in', '/');
    expect(await cy.messages()).toEqual(['Welcome back, Cy.']);
  });

  it('leads back to the page that was asked for', async () => {
    const dan = await Visitor.arrive(site, browser);
    await dan.postSignUp('Dan');
    await dan.context.clearCookies();
    await dan.open('/');
    await dan.go('Devices');
    expect(await dan.heading()).toBe('Log in');
    await dan.enter({ Name: 'Dan', Password: PASSWORD });
    await dan.press('Log in', '/devices');
    expect(await dan.heading()).toBe('Your devices');
  });

  it('works by keyboard alone', async () => {
    const eve = await Visitor.arrive(site, browser);
    await eve.signUp('Eve');
    await eve.press('Log out', '/');
    const { keyboard } = eve.page;
    const focused = eve.page.locator(':focus');

    await keyboard.press('Tab');
    expect(await focused.innerText()).toBe('Skip to content');
    for (let tabs = 0; (await focused.innerText()) !== 'Log in' && tabs < 20; tabs++) await keyboard.press('Tab');
    await keyboard.press('Enter');
    await eve.page.waitForURL('**/log-in');

    // The page puts the cursor into the first field.
    await eve.page.locator('input:focus').waitFor();
    await keyboard.type('Eve');
    await keyboard.press('Tab');
    await keyboard.type(PASSWORD);
    await keyboard.press('Enter');
    await eve.page.waitForURL(`${site.url}/`);
    expect(await eve.heading()).toBe('Hello, Eve');
  });
});

describe('the session page', () => {
  it('shows the handle and the data, and neither id nor cookie', async () => {
    const fay = await Visitor.arrive(site, browser);
    await fay.postSignUp('Fay');
    await fay.open('/');
    expect(await fay.handle()).toMatch(/^[\w-]{43}$/);
    expect(await fay.page.locator('pre').innerText()).toContain('"visits": 1');
    const page = await fay.page.content();
    const [, value = ''] = (await fay.cookie()).split('=');
    const [ownerHash = '', random = '', signature = ''] = value.split('.');
    for (const secret of [value, random, signature]) {
      expect(secret.length).toBeGreaterThan(20);
      expect(page).not.toContain(secret);
    }
    expect(page).not.toContain(ownerHash);
  });
});

describe('logging out', () => {
  it('leaves nothing for the Back button, and nothing that the old cookie opens', async () => {
    const gil = await Visitor.arrive(site, browser);
    await gil.postSignUp('Gil Grove');
    await gil.open('/');
    await gil.go('Devices');
    const cookie = await gil.cookie();
    expect(await (await site.fetch('/', { cookie })).text()).toContain('Hello, Gil Grove');
    await gil.press('Log out', '/');
    expect(await gil.messages()).toEqual(['You are logged out.']);

    await gil.page.goBack();
    expect(await gil.heading()).toBe('Log in');
    expect(await gil.page.content()).not.toContain('Gil Grove');
    expect(await (await site.fetch('/', { cookie })).text()).not.toContain('Gil Grove');
    expect(await gil.isLoggedIn()).toBe(false);
  });
});
