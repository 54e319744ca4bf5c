import { createSessionFactory, inspectCookie, type CookieInspection, type SessionOptions } from 'websauna-session';
import { withSession } from 'websauna-session/fetch';
import { describe, expect, it } from 'vitest';

async function inspect(
  headers: Record<string, string>,
  options: Partial<SessionOptions> = {},
  url = 'http://example.com/',
): Promise<CookieInspection> {
  const factory = createSessionFactory({ secret: 'a secret of the tests, of 32 bytes or more', ...options });
  const handler = withSession(factory, (_request, session) => Response.json(inspectCookie(session)));
  const request = new Request(url, { headers: { host: new URL(url).host, ...headers } });
  return (await (await handler(request)).json()) as CookieInspection;
}

describe('inspectCookie', () => {
  it('returns the attributes of the cookie, and nothing of its value', async () => {
    const found = await inspect({}, { cookie: { path: '/app', domain: 'example.com', sameSite: 'strict' } });
    expect(found).toEqual({
      cookie: {
        name: 'session',
        path: '/app',
        domain: 'example.com',
        secure: false,
        httpOnly: true,
        sameSite: 'strict',
        partitioned: false,
        priority: null,
      },
      transport: 'cookie',
      received: [],
      hasOtherCookies: false,
      problems: ['path'],
      secure: false,
      host: 'example.com',
      forwardedProto: null,
      fetchSite: null,
    });
  });

  it('names what came, in its order, without asking the store', async () => {
    const cookie = `theme=dark; session=nonsense; session=${'A'.repeat(43)}.${'B'.repeat(43)}`;
    const found = await inspect({ cookie });
    expect(found.received).toEqual(['malformed', 'signature']);
    expect(found.hasOtherCookies).toBe(true);
    expect(found.problems).toEqual(['several']);
    expect(JSON.stringify(found)).not.toContain('nonsense');
    expect((await inspect({ cookie: 'session=nonsense' })).hasOtherCookies).toBe(false);
  });

  it('says what the connection forbids', async () => {
    const secure = { cookie: { secure: true } };
    expect((await inspect({}, secure)).problems).toEqual(['secure-over-http']);
    expect((await inspect({ 'x-forwarded-proto': 'https' }, secure)).problems).toEqual(['untrusted-proxy']);
    const trusting = { ...secure, trustProxy: 1 };
    const trusted = await inspect({ 'x-forwarded-proto': 'https', 'sec-fetch-site': 'cross-site' }, trusting);
    expect([trusted.problems, trusted.secure, trusted.forwardedProto, trusted.fetchSite]).toEqual([
      [],
      true,
      'https',
      'cross-site',
    ]);
  });

  it('looks at the token where there is one', async () => {
    const options: Partial<SessionOptions> = { transport: 'header' };
    const cookie = { cookie: 'session=nonsense; session=more' };
    expect(await inspect({ ...cookie, authorization: 'Bearer nonsense' }, options)).toMatchObject({
      transport: 'header',
      received: ['malformed'],
      hasOtherCookies: false,
      problems: [],
    });
    expect((await inspect(cookie, options)).received).toEqual([]);
  });
});
