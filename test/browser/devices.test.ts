import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { closeWindows, openBrowser, PHONE } from './chromium.ts';
import { DemoSite } from './demo-site.ts';
import { PASSWORD, Visitor } from './visitor.ts';

let browser: Browser;
let site: DemoSite;

beforeAll(async () => {
  [browser, site] = await Promise.all([openBrowser(), DemoSite.start()]);
});
afterEach(closeWindows);
afterAll(() => site?.stop());

const INVALIDATED =
  'Your password was changed on another device, so this one was logged out. Log in with the new password to continue.';

/** One user with a computer and a phone, logged in on both. */
async function twoDevices(name: string): Promise<{ computer: Visitor; phone: Visitor }> {
  const computer = await Visitor.arrive(site, browser);
  const phone = await Visitor.arrive(site, browser, { userAgent: PHONE });
  await computer.postSignUp(name);
  await phone.postLogIn(name);
  return { computer, phone };
}

async function deviceNames(visitor: Visitor): Promise<string[]> {
  await visitor.open('/devices');
  return await visitor.page.getByRole('list', { name: 'Devices' }).getByRole('heading').allInnerTexts();
}

describe('the list of devices', () => {
  it('names all of them, and marks the one in front of the user', async () => {
    const { computer, phone } = await twoDevices('Ada');
    expect(await deviceNames(computer)).toEqual(['Chrome on Linux This device', 'Safari on iPhone']);
    expect(await deviceNames(phone)).toEqual(['Chrome on Linux', 'Safari on iPhone This device']);
  });

  it('logs out one of them', async () => {
    const { computer, phone } = await twoDevices('Bea');
    await phone.open('/');
    await computer.open('/devices');
    await computer.press('Log out Safari on iPhone', '/devices');
    expect(await computer.messages()).toEqual(['The device has been logged out.']);
    expect(await deviceNames(computer)).toEqual(['Chrome on Linux This device']);
    await phone.go('Devices');
    expect(await phone.heading()).toBe('Log in');
    expect(await phone.messages()).toEqual(['You were logged out from another device.']);
    expect(await phone.isLoggedIn()).toBe(false);
    expect(await computer.isLoggedIn()).toBe(true);
  });

  it('logs out everything else', async () => {
    const { computer, phone } = await twoDevices('Cy');
    const tablet = await Visitor.arrive(site, browser);
    await tablet.postLogIn('Cy');
    await phone.open('/devices');
    await phone.press('Log out everywhere else', '/devices');
    expect(await phone.messages()).toEqual(['2 other devices have been logged out.']);
    expect(await deviceNames(phone)).toEqual(['Safari on iPhone This device']);
    expect(await computer.isLoggedIn()).toBe(false);
    expect(await tablet.isLoggedIn()).toBe(false);
  });

  it('asks for the password first when the login is not fresh, and then does what was asked for', async () => {
    const { computer, phone } = await twoDevices('Dan');
    const before = await computer.handle();
    await computer.open('/devices');
    site.store.offset += 601_000;
    await computer.page.getByRole('button', { name: 'Log out Safari on iPhone' }).click();
    await computer.page.waitForURL('**/log-out');
    expect(await computer.heading()).toBe('Confirm your password');
    expect(await phone.isLoggedIn()).toBe(true);

    await computer.enter({ Password: 'wrong horse' });
    await computer.page.getByRole('button', { name: 'Confirm' }).click();
    await computer.page.getByText('That is not your password.').waitFor();
    expect(await phone.isLoggedIn()).toBe(true);

    await computer.enter({ Password: PASSWORD });
    await computer.press('Confirm', '/devices');
    expect(await computer.messages()).toEqual(['The device has been logged out.']);
    expect(await phone.isLoggedIn()).toBe(false);
    expect(await computer.handle()).not.toBe(before);
  });

  it('ends no session of another user', async () => {
    const { computer } = await twoDevices('Eve');
    const stranger = await Visitor.arrive(site, browser);
    await stranger.postSignUp('Mallory');
    await stranger.open('/');
    await computer.open('/devices');
    const token = await stranger.page.locator('[name=_csrf]').first().inputValue();
    const cookie = await stranger.cookie();
    const handle = await computer.handle();
    const answer = await site.fetch(`/devices/${handle}/log-out`, { cookie, form: { _csrf: token } });
    expect(answer.headers.get('location')).toBe('/devices');
    expect(await computer.isLoggedIn()).toBe(true);
  });
});

describe('a changed password', () => {
  it('logs out every other device, which reads why on its next click', async () => {
    const { computer, phone } = await twoDevices('Fay');
    await phone.open('/');
    const before = await computer.handle();
    await computer.changePassword(PASSWORD, 'battery staple');
    expect(await computer.messages()).toEqual([
      'Your password has been changed, and all your other devices have been logged out.',
    ]);
    expect(await computer.page.locator('.tag').allInnerTexts()).toEqual(['Logged out', 'This device']);
    expect(await computer.handle()).not.toBe(before);

    await phone.go('Session');
    expect(await phone.messages()).toEqual([INVALIDATED]);
    expect(await phone.isLoggedIn()).toBe(false);
    expect(await phone.messages()).toEqual([]);
    expect(await computer.isLoggedIn()).toBe(true);
    expect(await deviceNames(computer)).toEqual(['Chrome on Linux This device']);

    await phone.logIn('Fay', 'battery staple');
    expect(await phone.messages()).toEqual(['Welcome back, Fay.']);
  });

  it('says why on the login page too, to a device that asks for a page of the account', async () => {
    const { computer, phone } = await twoDevices('Gil');
    await phone.open('/');
    await computer.changePassword(PASSWORD, 'battery staple');
    await phone.go('Devices');
    expect(await phone.heading()).toBe('Log in');
    expect(await phone.messages()).toEqual([INVALIDATED]);
    await phone.enter({ Name: 'Gil', Password: 'battery staple' });
    await phone.press('Log in', '/devices');
  });

  it('keeps the device that changed it, also when the clock of the store is behind', async () => {
    const { computer, phone } = await twoDevices('Hal');
    const { offset } = site.store;
    site.store.offset -= 5_000;
    await computer.changePassword(PASSWORD, 'battery staple');
    expect(await computer.isLoggedIn()).toBe(true);
    site.store.offset = offset;
    expect(await computer.isLoggedIn()).toBe(true);
    void phone;
  });

  it('needs the current one', async () => {
    const ida = await Visitor.arrive(site, browser);
    await ida.postSignUp('Ida');
    await ida.open('/password');
    await ida.enter({ 'Current password': 'wrong horse', 'New password': 'battery staple' });
    await ida.press('Change password', '/password');
    expect(await ida.messages()).toEqual(['That is not your current password.']);
    await ida.press('Log out', '/');
    await ida.logIn('Ida', PASSWORD);
  });
});
