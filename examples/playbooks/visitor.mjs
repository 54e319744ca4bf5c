// One browser, as far as the playbooks need one: cookies, links and forms, without scripts.
import assert from 'node:assert/strict';

const COOKIE = 'session';
const HEADERS = {
  accept: 'text/html',
  // React Router streams to browsers only.
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Playbook/1.0 Chrome/140.0.0.0',
  // SvelteKit's server for Node takes itself to be behind a proxy.
  'x-forwarded-proto': 'http',
};
const SAME_SITE = { 'sec-fetch-site': 'same-origin' };
/** What the examples with passwords take for every user. */
const PASSWORD = 'sauna';

/** One browser: what it was sent last, and its cookies. */
export class Visitor {
  /** @param cookie the session's cookie, of a browser from which it was copied */
  constructor(origin, cookie) {
    this.origin = origin;
    this.cookies = new Map(cookie === undefined ? [] : [[COOKIE, cookie]]);
  }

  /** The value of the session's cookie. */
  get cookie() {
    return this.cookies.get(COOKIE);
  }

  get cookieHeader() {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  async request(path, init = {}) {
    const cookie = this.cookieHeader;
    const headers = { ...HEADERS, ...(cookie && { cookie }), ...init.headers };
    const response = await fetch(new URL(path, this.origin), { redirect: 'manual', ...init, headers });
    const body = await response.text();
    const set = response.headers.getSetCookie().map((line) => /^([^=]+)=([^;]*)/.exec(line));
    for (const [, name, value] of set) {
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const names = set.map(([, name]) => name);
    assert.ok(names.filter((name) => name === COOKIE).length <= 1, `${path} sets the session's cookie more than once`);
    return { path, status: response.status, headers: response.headers, names, body, text: textOf(body) };
  }

  /** Requests a page that must be there. */
  async get(path) {
    const answer = await this.request(path);
    assert.equal(answer.status, 200, `GET ${path} answers ${answer.status}: ${answer.text.slice(0, 300)}`);
    return answer;
  }

  async me() {
    return JSON.parse((await this.get('/me')).body);
  }

  /** Opens the form with this button, on the home page or on the page that a link of this name leads to. */
  async form(button) {
    const home = await this.get('/');
    const found = formIn(home, button);
    if (found !== undefined) return found;
    const link = elementsIn(home.body, 'a').find(({ content }) => textOf(content).trim() === button);
    assert.ok(link, `the home page has neither a form nor a link "${button}"`);
    const form = formIn(await this.get(link.attributes.href), button);
    assert.ok(form, `${link.attributes.href} has a form "${button}"`);
    return form;
  }

  /**
   * Sends a form.
   *
   * @param omit the name of a field that is left out
   * @param headers in place of those that a browser sends with a form of the site itself
   */
  async send({ action, multipart, fields }, { omit, headers = { origin: this.origin, ...SAME_SITE } } = {}) {
    const body = multipart ? new FormData() : new URLSearchParams();
    for (const [name, value] of fields) if (name !== omit) body.append(name, value);
    return await this.request(action, { method: 'POST', headers, body });
  }

  /** Logs in by the form of the site. */
  async logIn(user = 'alice') {
    assertRedirected(await this.send(filled(await this.form('Log in'), user)));
  }

  async logOut() {
    assertRedirected(await this.send(await this.form('Log out')));
  }
}

/** Returns a form as a user fills it in: with the name, and the password if it is asked for. */
export function filled(form, user) {
  const fields = form.fields.map(([name, value, type]) => {
    if (type === 'hidden') return [name, value];
    return [name, type === 'password' ? PASSWORD : user];
  });
  return { ...form, fields };
}

function assertRedirected({ status, headers, text }) {
  assert.ok([302, 303].includes(status), `redirects, but answers ${status}: ${text.slice(0, 300)}`);
  assert.equal(new URL(headers.get('location'), 'http://host').pathname, '/');
}

function formIn({ path, body }, button) {
  const form = elementsIn(body, 'form').find(({ content }) =>
    elementsIn(content, 'button').some((each) => textOf(each.content).trim() === button),
  );
  if (form === undefined) return undefined;
  const { action, enctype } = form.attributes;
  const inputs = [...form.content.matchAll(/<input\b([^>]*)>/g)].map(([, text]) => attributesOf(text));
  const fields = inputs.map(({ name, value = '', type = 'text' }) => [name, value, type]);
  return { action: action || path, multipart: enctype === 'multipart/form-data', fields };
}

function elementsIn(html, name) {
  const elements = html.matchAll(new RegExp(`<${name}\\b([^>]*)>(.*?)</${name}>`, 'gs'));
  return [...elements].map(([, attributes, content]) => ({ attributes: attributesOf(attributes), content }));
}

function attributesOf(text) {
  const pairs = [...text.matchAll(/([^\s=/]+)="([^"]*)"/g)];
  return Object.fromEntries(pairs.map(([, name, value]) => [name.toLowerCase(), unescapeHtml(value)]));
}

function unescapeHtml(text) {
  const characters = { quot: '"', amp: '&', lt: '<', gt: '>', '#x27': "'", '#39': "'" };
  return text.replaceAll(/&([^;]+);/g, (all, name) => characters[name] ?? all);
}

/** What a reader sees of a page. */
export function textOf(html) {
  return html
    .replaceAll(/<(script|style)\b.*?<\/\1>/gs, '')
    .replaceAll(/<!--.*?-->|<[^>]*>/gs, '')
    .replaceAll(/\s+/g, ' ');
}
