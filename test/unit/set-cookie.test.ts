import { parseSetCookie } from 'cookie';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CookieTemplate, type CookieAttributes } from '../../src/cookie/set-cookie.ts';
import type { ResponseCookie } from '../../src/exchange.ts';

const DEFAULTS: CookieAttributes = {
  name: 'session',
  path: '/',
  domain: null,
  secure: 'auto',
  httpOnly: true,
  sameSite: 'lax',
  partitioned: false,
  priority: null,
};

function template(attributes: Partial<CookieAttributes> = {}): CookieTemplate {
  return new CookieTemplate({ ...DEFAULTS, ...attributes });
}

const OVER_HTTPS = { secure: true, maxAge: null };
const OVER_HTTP = { secure: false, maxAge: null };

describe('CookieTemplate', () => {
  it('writes the defaults, SameSite always among them', () => {
    expect(template().serialize('v', OVER_HTTP)).toBe('session=v; Path=/; HttpOnly; SameSite=Lax');
    expect(template().serialize('v', OVER_HTTPS)).toBe('session=v; Path=/; HttpOnly; Secure; SameSite=Lax');
  });

  it('writes every attribute', () => {
    const full = template({
      path: '/app',
      domain: 'example.com',
      secure: true,
      httpOnly: false,
      sameSite: 'none',
      partitioned: true,
      priority: 'high',
    });
    expect(full.serialize('v', { secure: false, maxAge: 60 })).toBe(
      'session=v; Max-Age=60; Domain=example.com; Path=/app; Secure; Partitioned; Priority=High; SameSite=None',
    );
  });

  it('is Secure as configured, over HTTP and HTTPS alike', () => {
    expect(template({ secure: true }).serialize('v', OVER_HTTP)).toContain('; Secure');
    expect(template({ secure: false }).serialize('v', OVER_HTTPS)).not.toContain('Secure');
    expect(template({ secure: 'auto' }).isSecure(true)).toBe(true);
    expect(template({ secure: 'auto' }).isSecure(false)).toBe(false);
  });

  it('writes Max-Age in whole seconds, and none below zero', () => {
    expect(template().serialize('v', { secure: false, maxAge: 59.9 })).toContain('; Max-Age=59;');
    expect(template().serialize('v', { secure: false, maxAge: -5 })).toContain('; Max-Age=0;');
  });

  it('deletes with identical attributes', () => {
    const secure = fc.constantFrom(true, false, 'auto' as const);
    const attributes = fc.record({
      name: fc.constantFrom('session', 'sid'),
      path: fc.constantFrom('/', '/app'),
      domain: fc.constantFrom(null, 'example.com'),
      secure,
      httpOnly: fc.boolean(),
      sameSite: fc.constantFrom('lax' as const, 'strict' as const),
      partitioned: fc.constant(false),
      priority: fc.constantFrom(null, 'low' as const, 'medium' as const),
    });
    fc.assert(
      fc.property(attributes, fc.boolean(), (given, https) => {
        const cookie = new CookieTemplate(given);
        const set = parseSetCookie(cookie.serialize('v', { secure: https, maxAge: 60 }));
        const deleted = parseSetCookie(cookie.serializeDeletion({ secure: https }));
        expect(deleted).toEqual({ ...set, value: '', maxAge: 0, expires: new Date(0) });
      }),
    );
  });

  it('takes a cookie apart as its text has it, a deletion and one with another path, domain or partition too', () => {
    const attributes = fc.record({
      name: fc.constantFrom('session', 'sid'),
      path: fc.constantFrom('/', '/app'),
      domain: fc.constantFrom(null, 'example.com'),
      secure: fc.constantFrom(true, false, 'auto' as const),
      httpOnly: fc.boolean(),
      sameSite: fc.constantFrom('lax' as const, 'strict' as const),
      partitioned: fc.constant(false),
      priority: fc.constantFrom(null, 'high' as const),
    });
    const variant = fc.record({
      path: fc.constantFrom('/', '/old'),
      domain: fc.constantFrom(null, 'old.example'),
      partitioned: fc.boolean(),
    });
    const maxAge = fc.constantFrom(null, 60, 59.9, -1);
    fc.assert(
      fc.property(attributes, variant, fc.boolean(), maxAge, (given, other, secure, seconds) => {
        const cookie = new CookieTemplate(given);
        const said = (described: ResponseCookie): object =>
          Object.fromEntries(Object.entries(described).filter(([, value]) => value !== null && value !== false));
        const head = { secure, maxAge: seconds };
        expect(said(cookie.describe('v', head))).toEqual(parseSetCookie(cookie.serialize('v', head)));
        for (const deletion of [{ secure }, { secure, variant: other }]) {
          const { expires, ...text } = parseSetCookie(cookie.serializeDeletion(deletion));
          expect(expires).toEqual(new Date(0));
          expect(said(cookie.describe('', { ...deletion, maxAge: 0 }))).toEqual(text);
        }
      }),
    );
  });

  it.each<[keyof CookieAttributes | 'maxAge', Partial<CookieAttributes>, number | null]>([
    ['path', { path: '/app' }, null],
    ['domain', { domain: 'example.com' }, null],
    ['secure', { secure: true }, null],
    ['httpOnly', { httpOnly: false }, null],
    ['sameSite', { sameSite: 'strict' }, null],
    ['partitioned', { secure: true, partitioned: true }, null],
    ['priority', { priority: 'high' }, null],
    ['maxAge', {}, 60],
  ])('describes its attributes by a word that changes with %s', (_, attributes, maxAge) => {
    const before = template(attributes.partitioned === true ? { secure: true } : {});
    const word = template(attributes).describeAttributes(maxAge);
    expect(word).toMatch(/^[\w~-]+$/);
    expect(word).not.toBe(before.describeAttributes(null));
    expect(word).toBe(template(attributes).describeAttributes(maxAge));
  });

  it('keeps that word as short as it can, because every record has it', () => {
    expect(template({ sameSite: 'strict' }).describeAttributes(60)).toMatch(/^[\w-]{6}$/);
    expect(template({ path: '/app' }).describeAttributes(60)).toMatch(/^[\w-]{6}~L2FwcA~~$/);
  });

  it('finds in that word which other cookie of its name a browser has', () => {
    const partitioned = { path: '/app', domain: 'example.com', secure: true, partitioned: true } as const;
    for (const [before, after] of [
      [{}, { path: '/app' }],
      [{ path: '/a~b' }, {}],
      [{ domain: 'example.com' }, {}],
      [partitioned, { ...partitioned, partitioned: false }],
    ] satisfies [Partial<CookieAttributes>, Partial<CookieAttributes>][]) {
      const { path, domain, partitioned: chips } = template(before).attributes;
      const other = template(after).outdatedVariant(template(before).describeAttributes(null));
      expect(other).toEqual({ path, domain, partitioned: chips });
    }
    const same = template({ sameSite: 'strict' }).outdatedVariant(template().describeAttributes(60));
    expect(same).toBeNull();
  });

  it('refuses a cookie that browsers would ignore for its size', () => {
    const fits = 'v'.repeat(4096 - 'session'.length);
    expect(template().serialize(fits, OVER_HTTP)).toContain(fits);
    expect(() => template().serialize(`${fits}v`, OVER_HTTP)).toThrow(
      expect.objectContaining({
        code: 'ERR_SESSION_COOKIE_TOO_LARGE',
        message: expect.stringContaining(' 4097 bytes') as string,
      }),
    );
  });

  it.each(['a;b', 'a b', 'a\r\nSet-Cookie: x=y', 'a,b', 'a"b', 'a\\b', '\u00e9'])('refuses the value %j', (value) => {
    expect(() => template().serialize(value, OVER_HTTP)).toThrow(TypeError);
  });

  it.each<[keyof CookieAttributes, string]>([
    ['name', ''],
    ['name', 'a b'],
    ['name', 'a=b'],
    ['name', 'a;b'],
    ['name', 'a\r\nb'],
    ['name', 'caf\u00e9'],
    ['name', 'n'.repeat(2049)],
    ['path', ''],
    ['path', 'app'],
    ['path', '/a;b'],
    ['path', '/a\r\n'],
    ['path', `/${'p'.repeat(1024)}`],
    ['domain', 'a;b'],
    ['domain', `${'d.'.repeat(511)}com`],
    ['domain', 'exa mple.com'],
    ['domain', 'https://example.com'],
    ['domain', 'example.com:8080'],
  ])('refuses the %s %j', (option, value) => {
    expect(() => template({ [option]: value })).toThrow(new RegExp(`^Expected \`cookie\\.${option}\` to be`));
  });
});

it('accepts a name, a path and a domain as long as browsers do', () => {
  const [name, path, domain] = ['n'.repeat(2048), `/${'p'.repeat(1023)}`, `${'d.'.repeat(510)}info`];
  expect(template({ name, path, domain }).attributes).toMatchObject({ name, path, domain });
});

describe('cookie name prefixes', () => {
  it.each(['__Host-session', '__HOST-session', '__Secure-session', '__Http-session', '__Host-Http-session'])(
    "holds %s to its rules, and makes 'auto' true",
    (name) => {
      expect(template({ name }).serialize('v', OVER_HTTP)).toContain('; Secure');
      expect(template({ name }).attributes.secure).toBe(true);
      expect(() => template({ name, secure: false })).toThrow(/^Expected `cookie\.secure`/);
      expect(() => template({ name, secure: false })).toThrow(TypeError);
    },
  );

  it.each(['__Host-session', '__host-session', '__Host-Http-session'])('wants path and host of %s', (name) => {
    expect(() => template({ name, path: '/app' })).toThrow(/^Expected `cookie\.path`/);
    expect(() => template({ name, domain: 'example.com' })).toThrow(/^Expected `cookie\.domain`/);
  });

  it('leaves path, domain and HttpOnly of __Secure- free', () => {
    const free = { name: '__Secure-s', path: '/app', domain: 'example.com', httpOnly: false };
    expect(template(free).attributes).toMatchObject(free);
  });

  it('is no prefix where the name does not begin with it', () => {
    const free = { name: 'my__Host-s', path: '/app', secure: false } as const;
    expect(template(free).attributes).toMatchObject(free);
  });

  it.each(['__Http-session', '__Host-Http-session'])('wants HttpOnly of %s', (name) => {
    expect(() => template({ name, httpOnly: false })).toThrow(/^Expected `cookie\.httpOnly`/);
  });
});

describe('attributes that need Secure', () => {
  it.each([{ sameSite: 'none' } as const, { partitioned: true }])('refuses %j without secure: true', (attributes) => {
    expect(() => template({ ...attributes, secure: 'auto' })).toThrow(/^Expected `cookie\.secure` to be true/);
    expect(() => template({ ...attributes, secure: false })).toThrow(/^Expected `cookie\.secure` to be true/);
    expect(template({ ...attributes, secure: true }).attributes.secure).toBe(true);
    expect(template({ ...attributes, name: '__Host-s' }).attributes.secure).toBe(true);
  });
});
