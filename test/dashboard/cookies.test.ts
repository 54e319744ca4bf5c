import { createSessionFactory, type SessionOptions } from 'websauna-session';
import { createDashboard } from 'websauna-session/dashboard';
import { withSession } from 'websauna-session/fetch';
import { describe, expect, it } from 'vitest';
import { DashboardFixture } from './support.ts';

const SECRET = 'a secret of the tests, of 32 bytes or more';

type Ask = (path: string, headers?: Record<string, string>, base?: string) => Promise<Response>;

/** A dashboard that everybody may see: whose session does not stick cannot log in. */
function open(options: Partial<SessionOptions> = {}): Ask {
  const factory = createSessionFactory({ secret: SECRET, ...options });
  const fetch = withSession(factory, createDashboard(factory, { canView: () => true }).fetch);
  return (path, headers = {}, base = 'http://localhost/admin') =>
    fetch(new Request(base + path, { headers: { host: new URL(base).host, ...headers } }));
}

/** Returns the verdicts of the page, by the titles of its steps. */
async function verdicts(response: Response): Promise<Record<string, string>> {
  const page = (await response.text()).replaceAll(/\s+/g, ' ');
  const rows = page.matchAll(/<h3> ?([^<]*?) ?<span class="verdict">(\w+)<\/span> ?<\/h3> ?<p>(.*?)<\/p>/g);
  return Object.fromEntries(
    Array.from(rows, ([, title, verdict, seen]) => [title!, `${verdict}: ${seen!.replaceAll(/<\/?code>/g, '')}`]),
  );
}

async function cookieOf(ask: Ask): Promise<string> {
  const [line = ''] = (await ask('?page=probe')).headers.getSetCookie();
  return line.split(';')[0]!;
}

const CONNECTION = 'The connection lets the cookie through';
const SENT = 'The browser sent it';
const SIGNED = 'This application signed it';
const FOUND = 'The store has its session';
const SCOPE = 'Its domain and path cover this page';
const SITE = 'SameSite allows it here';
const ONE = 'There is only one';
const BACK = 'It comes back';

describe('why a session does not stick', () => {
  it('says yes to every step of a session that sticks', async () => {
    const ask = open();
    const cookie = await cookieOf(ask);
    const sent = (await ask('?page=probe', { cookie })).headers.get('location')!;
    const found = await verdicts(await ask(sent, { cookie, 'sec-fetch-site': 'same-origin' }));
    expect(Object.keys(found)).toEqual([CONNECTION, SENT, SIGNED, FOUND, SCOPE, SITE, ONE, BACK]);
    for (const verdict of Object.values(found)) expect(verdict).toMatch(/^Yes: /);
  });

  it('tells a browser without cookies from one that lacks this one', async () => {
    const ask = open();
    expect((await verdicts(await ask('?page=cookies')))[SENT]).toContain(
      'No: No cookie named session came. No cookie came at all',
    );
    const other = await verdicts(await ask('?page=cookies', { cookie: 'theme=dark' }));
    expect(other[SENT]).toContain('Other cookies came');
    expect(other[SIGNED]).toMatch(/^Unknown/);
  });

  it('tells a cookie of another application from one that another secret has signed, and from one that has ended', async () => {
    const ask = open();
    const alien = await verdicts(await ask('?page=cookies', { cookie: 'session=s%3Aabc.def' }));
    expect(alien[SIGNED]).toContain('No: It does not have the form of ours');
    const cookie = await cookieOf(open({ secret: `another ${SECRET}` }));
    expect((await verdicts(await ask('?page=cookies', { cookie })))[SIGNED]).toContain(
      'none of the secrets has signed it',
    );
    const gone = await verdicts(await ask('?page=cookies', { cookie: await cookieOf(open()) }));
    expect(gone[SIGNED]).toMatch(/^Yes/);
    expect(gone[FOUND]).toContain('No: It has ended or expired, Redis was emptied');
  });

  it('says what the connection and the proxy do to a secure cookie', async () => {
    const ask = open({ cookie: { secure: true } });
    const plain = await verdicts(await ask('?page=cookies', {}, 'http://example.com/admin'));
    expect(plain[CONNECTION]).toContain('takes the connection for plain HTTP, and the cookie is Secure. No proxy says');
    expect(plain[CONNECTION]).toContain('cookie.secure is true, and the request came over plain HTTP');
    const forwarded = { 'x-forwarded-proto': 'https' };
    const proxied = await verdicts(await ask('?page=cookies', forwarded, 'http://example.com/admin'));
    expect(proxied[CONNECTION]).toContain('No: ');
    expect(proxied[CONNECTION]).toContain('Set trustProxy');
    const trusting = open({ cookie: { secure: true }, trustProxy: 1 });
    const trusted = await verdicts(await trusting('?page=cookies', forwarded, 'http://example.com/admin'));
    expect(trusted[CONNECTION]).toContain('Yes: The application takes the connection for HTTPS');
  });

  it('compares domain and path with the request', async () => {
    const elsewhere = open({ cookie: { path: '/app', domain: 'example.org' } });
    const found = await verdicts(await elsewhere('?page=cookies', {}, 'http://example.com/admin'));
    expect(found[SCOPE]).toContain('No: ');
    expect(found[SCOPE]).toContain('outside cookie.path');
    expect(found[SCOPE]).toContain('outside cookie.domain');
    const here = await verdicts(await elsewhere('?page=cookies', {}, 'http://www.example.org/app/admin'));
    expect(here[SCOPE]).toMatch(/^Yes/);
  });

  it('says what SameSite does to a request from another site', async () => {
    const cross = { 'sec-fetch-site': 'cross-site' };
    const of = async (sameSite: 'strict' | 'lax'): Promise<string | undefined> =>
      (await verdicts(await open({ cookie: { sameSite } })('?page=cookies', cross)))[SITE];
    expect(await of('strict')).toContain('No: It has SameSite=strict');
    expect(await of('lax')).toContain('Yes: It has SameSite=lax');
    expect((await verdicts(await open()('?page=cookies')))[SITE]).toMatch(/^Unknown/);
  });

  it('counts several cookies of the name', async () => {
    const ask = open();
    const cookie = `${await cookieOf(ask)}; ${await cookieOf(ask)}`;
    expect((await verdicts(await ask('?page=cookies', { cookie })))[ONE]).toContain('No: 2 came.');
  });

  it('tries whether a cookie comes back', async () => {
    const ask = open();
    const probe = await ask('?page=probe');
    expect(probe.headers.getSetCookie()).toHaveLength(1);
    const sent = probe.headers.get('location')!;
    expect((await verdicts(await ask(sent)))[BACK]).toContain(
      'No: A cookie was sent, and the next request came without it',
    );
    const other = await cookieOf(ask);
    expect((await verdicts(await ask(sent, { cookie: other })))[BACK]).toContain(
      'No: The next request brought another session',
    );
    expect((await verdicts(await ask('?page=cookies')))[BACK]).toMatch(/^Unknown/);
  });

  it('looks at the token where there is no cookie', async () => {
    const ask = open({ transport: 'header' });
    const found = await verdicts(await ask('?page=cookies', { authorization: 'Bearer nothing' }));
    expect(Object.keys(found)).toEqual([SIGNED, FOUND]);
    expect(found[SIGNED]).toMatch(/^No/);
  });

  it('counts what has stopped others in this process, with what to do', async () => {
    const ask = open();
    for (let i = 0; i < 3; i++) await ask('', { cookie: 'session=nonsense' });
    const page = (await (await ask('?page=cookies')).text()).replaceAll(/\s+/g, ' ');
    expect(page).toMatch(/<strong>3<\/strong>.*rejected: malformed.*Another application uses the same name/);
  });

  it('says why a session has ended, where the factory keeps that', async () => {
    const site = new DashboardFixture({ explainEnds: 600 }, { canView: () => true });
    const { cookie } = await site.logIn('bea');
    await site.factory.owners.revoke('bea');
    expect((await verdicts(await site.get('?page=cookies', undefined, { cookie })))[FOUND]).toBe(
      'No: It has ended: revoked.',
    );
  });

  it('has the attributes of the cookie', async () => {
    const facts = async (cookie: NonNullable<SessionOptions['cookie']>): Promise<string> =>
      (await (await open({ cookie })('?page=cookies')).text()).replaceAll(/<[^>]*>|\s+/g, ' ').replaceAll(/ +/g, ' ');
    const partitioned = { secure: true, partitioned: true, sameSite: 'none', domain: 'example.org' } as const;
    expect(await facts(partitioned)).toContain(
      'Domain example.org Secure Yes HttpOnly Yes SameSite none Partitioned Yes',
    );
    expect(await facts({ secure: false, httpOnly: false })).toContain(
      'Domain This host alone Secure No HttpOnly No SameSite lax Partitioned No',
    );
  });
});
