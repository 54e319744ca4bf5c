import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DemoSite } from './demo-site.ts';

let site: DemoSite;

beforeAll(async () => {
  site = await DemoSite.start();
});
afterEach(() => {
  site.store.down = false;
  vi.restoreAllMocks();
});
afterAll(() => site?.stop());

/** The cookie of a visitor with a session. */
async function visit(): Promise<string> {
  const [cookie = ''] = (await site.fetch('/')).headers.getSetCookie();
  return cookie.split(';')[0]!;
}

describe('what is the same for everybody', () => {
  it.each(['/about', '/style.css', '/icon.svg'])('%s has no session, with a cookie or without', async (path) => {
    const load = vi.spyOn(site.store, 'load');
    const cookie = await visit();
    for (const options of [{}, { cookie }, { cookie: 'session=of.another' }]) {
      const { status, headers } = await site.fetch(path, options);
      expect(status).toBe(200);
      expect(headers.getSetCookie()).toEqual([]);
      expect(headers.get('vary') ?? '').not.toMatch(/cookie/i);
      expect(headers.get('cache-control')).toMatch(/^public, max-age=\d+$/);
    }
    expect(load).not.toHaveBeenCalled();
  });
});

describe("what is a visitor's own", () => {
  it.each(['/', '/notes', '/session', '/devices', '/log-in', '/nowhere'])('%s is kept by no cache', async (path) => {
    const { headers } = await site.fetch(path, { cookie: await visit() });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('vary')).toMatch(/cookie/i);
  });

  it('asks the browser to forget what it has at the logout', async () => {
    const cookie = await visit();
    const page = await (await site.fetch('/notes', { cookie })).text();
    const [, token = ''] = /name="_csrf" value="([^"]+)"/.exec(page) ?? [];
    const { headers } = await site.fetch('/log-out', { cookie, form: { _csrf: token } });
    expect(headers.get('clear-site-data')).toBe('"cache", "storage"');
  });
});

describe('every answer', () => {
  it.each(['/', '/about', '/style.css', '/nowhere'])('%s has the security headers', async (path) => {
    const { headers } = await site.fetch(path);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.has('x-powered-by')).toBe(false);
  });

  it.each([
    ['Page not found', 404, '/nowhere', undefined],
    ['This form was not accepted', 403, '/notes', { text: 'Forged' }],
    ['Bad request', 413, '/notes', { text: 'x'.repeat(20_000) }],
  ])('has the look of the site when it is an error: %s', async (title, status, path, form) => {
    const answer = await site.fetch(path, form === undefined ? {} : { form });
    expect(answer.status).toBe(status);
    const text = await answer.text();
    expect(text).toContain(title);
    expect(text).toContain('/style.css');
  });

  it('says who is logged in when it is a page that does not exist', async () => {
    const cookie = await visit();
    const page = await (await site.fetch('/sign-up', { cookie })).text();
    const [, token = ''] = /name="_csrf" value="([^"]+)"/.exec(page) ?? [];
    const form = { _csrf: token, name: 'Gus', password: 'correct horse' };
    const login = await site.fetch('/sign-up', { cookie, form });
    const [fresh = ''] = login.headers.getSetCookie();
    const missing = await site.fetch('/nowhere', { cookie: fresh.split(';')[0]! });
    expect(missing.status).toBe(404);
    expect(await missing.text()).toContain('<span class="who-name">Gus</span>');
    expect(await (await site.fetch('/nowhere')).text()).toContain('href="/log-in"');
  });

  it('leaves messages alone when it is a page that does not exist', async () => {
    const cookie = await visit();
    const page = await (await site.fetch('/notes', { cookie })).text();
    const [, token = ''] = /name="_csrf" value="([^"]+)"/.exec(page) ?? [];
    await site.fetch('/notes', { cookie, form: { _csrf: token, text: 'Hello' } });
    await site.fetch('/nowhere', { cookie });
    expect(await (await site.fetch('/notes', { cookie })).text()).toContain('Your note has been saved.');
  });
});

describe('while the store is down', () => {
  it('says so with a 503, and takes up the session again afterwards', async () => {
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const cookie = await visit();
    site.store.down = true;
    const answer = await site.fetch('/', { cookie });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await answer.text()).toContain('Back in a moment');
    expect(log).toHaveBeenCalledOnce();
    expect((await site.fetch('/about', { cookie })).status).toBe(200);

    site.store.down = false;
    expect(await (await site.fetch('/', { cookie })).text()).toMatch(/id="visits">2</);
  });
});
