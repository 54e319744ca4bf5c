import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { DemoSite } from './demo-site.ts';

export const PASSWORD = 'correct horse';

/** A person with a browser, and what they do on the site. */
export class Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly #site: DemoSite;

  private constructor(site: DemoSite, context: BrowserContext, page: Page) {
    this.#site = site;
    this.context = context;
    this.page = page;
  }

  static async arrive(site: DemoSite, browser: Browser, options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await browser.newContext({ baseURL: site.url, ...options });
    context.setDefaultTimeout(20_000);
    return new Visitor(site, context, await context.newPage());
  }

  async open(path: string): Promise<void> {
    await this.page.goto(path);
  }

  async signUp(name: string, password = PASSWORD): Promise<void> {
    await this.open('/sign-up');
    await this.enter({ Name: name, Password: password });
    await this.press('Sign up', '/');
  }

  /** Like `signUp`, without a page: for tests of what comes afterwards. */
  async postSignUp(name: string): Promise<void> {
    await this.#send('/sign-up', { name, password: PASSWORD });
  }

  /** Like `logIn`, without a page. */
  async postLogIn(name: string): Promise<void> {
    await this.#send('/log-in', { name, password: PASSWORD });
  }

  async logIn(name: string, password = PASSWORD, to = '/'): Promise<void> {
    await this.open('/log-in');
    await this.enter({ Name: name, Password: password });
    await this.press('Log in', to);
  }

  async changePassword(from: string, to: string): Promise<void> {
    await this.open('/password');
    await this.enter({ 'Current password': from, 'New password': to });
    await this.press('Change password', '/devices');
  }

  async enter(values: Readonly<Record<string, string>>): Promise<void> {
    for (const [label, value] of Object.entries(values)) await this.page.getByLabel(label, { exact: true }).fill(value);
  }

  /** Presses a button of the page, and waits for the page that comes. */
  async press(button: string | RegExp, path: string): Promise<void> {
    await this.page.getByRole('button', { name: button, exact: true }).click();
    await this.page.waitForURL(this.#site.url + path);
  }

  /** Follows a link of the navigation at the top. */
  async go(link: string): Promise<void> {
    const navigation = this.page.getByRole('navigation', { name: 'Pages' });
    await navigation.getByRole('link', { name: link, exact: true }).click();
    await this.page.waitForLoadState();
  }

  async heading(): Promise<string> {
    return await this.page.getByRole('heading', { level: 1 }).innerText();
  }

  /** The messages above the page. */
  async messages(): Promise<string[]> {
    return await this.page.locator('.message').allInnerTexts();
  }

  async visits(): Promise<number> {
    return Number(await this.page.locator('#visits').innerText());
  }

  async handle(): Promise<string> {
    await this.open('/session');
    return await this.page.locator('#handle').innerText();
  }

  /** Returns whether the name of a user is shown at the top, as on every page of a logged-in user. */
  async isLoggedIn(): Promise<boolean> {
    await this.open('/');
    return await this.page.getByRole('button', { name: 'Log out' }).isVisible();
  }

  /** The session cookie, as a request header. */
  async cookie(): Promise<string> {
    const cookies = await this.context.cookies();
    return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  /** Sends the form of a page with the cookies and the name of this browser. */
  async #send(path: string, form: Readonly<Record<string, string>>): Promise<void> {
    const { request } = this.context;
    const page = await (await request.get(path)).text();
    const [, token = ''] = /name="_csrf" value="([^"]+)"/.exec(page) ?? [];
    const response = await request.post(path, { form: { ...form, _csrf: token }, maxRedirects: 0 });
    if (response.status() !== 303) throw new Error(`The form of ${path} was answered with ${response.status()}`);
  }
}
