import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyOrigin, type RequestOrigin } from '../../src/session/request-origin.ts';
import { createCsrfSecret, maskCsrfSecret, verifyCsrfToken } from '../../src/crypto/csrf-token.ts';

describe('CSRF tokens', () => {
  const secret = createCsrfSecret();

  it('verify in every rendering, and no rendering equals another or contains the secret', () => {
    const tokens = Array.from({ length: 100 }, () => maskCsrfSecret(secret));
    expect(new Set(tokens).size).toBe(100);
    for (const token of tokens) {
      expect(token).toMatch(/^[\w-]{86}$/);
      expect(token).not.toContain(secret);
      expect(verifyCsrfToken(token, secret)).toBe(true);
    }
    // The half that is the secret, masked, must not repeat either.
    expect(new Set(tokens.map((token) => token.slice(-20))).size).toBe(100);
  });

  it('do not verify against another secret, nor when a character differs', () => {
    const token = maskCsrfSecret(secret);
    expect(verifyCsrfToken(token, createCsrfSecret())).toBe(false);
    // The last character's lower bits are padding.
    for (let i = 0; i < token.length - 1; i++) {
      const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
      expect(verifyCsrfToken(changed, secret)).toBe(false);
    }
  });

  it('are false for anything that is no token', () => {
    fc.assert(fc.property(fc.anything(), (garbage) => !verifyCsrfToken(garbage, secret)));
    fc.assert(fc.property(fc.anything(), (garbage) => !verifyCsrfToken(maskCsrfSecret(secret), garbage)));
    for (const garbage of ['', secret, `${maskCsrfSecret(secret)}A`, [maskCsrfSecret(secret)], 'A'.repeat(86)]) {
      expect(verifyCsrfToken(garbage, secret)).toBe(false);
    }
  });

  it('cannot be made of something else than a secret', () => {
    expect(() => maskCsrfSecret('short')).toThrow(TypeError);
    expect(() => maskCsrfSecret(`${secret}A`)).toThrow(TypeError);
  });
});

describe('classifyOrigin', () => {
  const post = (request: Partial<RequestOrigin>): string => classifyOrigin({ method: 'POST', ...request });
  const host = 'example.com';

  it.each(['GET', 'HEAD', 'OPTIONS'])('lets %s pass, wherever it comes from', (method) => {
    const request = { method, secFetchSite: 'cross-site', origin: 'https://evil.example', host };
    expect(classifyOrigin(request)).toBe('same-origin');
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'get', ''])('judges %j', (method) => {
    expect(classifyOrigin({ method, secFetchSite: 'cross-site' })).toBe('cross-site');
  });

  it.each([
    ['same-origin', 'same-origin'],
    ['none', 'same-origin'],
    ['same-site', 'cross-site'],
    ['cross-site', 'cross-site'],
    ['', 'cross-site'],
    ['same-origin, cross-site', 'cross-site'],
    ['Same-Origin', 'cross-site'],
  ])('reads Sec-Fetch-Site %j as %s, before Origin', (secFetchSite, verdict) => {
    expect(post({ secFetchSite, host })).toBe(verdict);
    expect(post({ secFetchSite, origin: 'null', host })).toBe(verdict);
    expect(post({ secFetchSite, origin: 'https://example.com', host })).toBe(verdict);
    expect(post({ secFetchSite, origin: 'https://evil.example', host })).toBe(verdict);
  });

  it.each<[string, string | undefined, boolean | undefined, string]>([
    ['https://example.com', 'example.com', undefined, 'same-origin'],
    ['https://example.com', 'EXAMPLE.com:443', true, 'same-origin'],
    ['http://example.com', 'example.com:80', false, 'same-origin'],
    ['http://localhost:3000', 'localhost:3000', false, 'same-origin'],
    ['https://[::1]:8443', '[::1]:8443', true, 'same-origin'],
    ['https://example.com', 'example.com', false, 'same-origin'],
    ['http://example.com', 'example.com', true, 'cross-site'],
    ['https://example.com:8443', 'example.com', true, 'cross-site'],
    ['https://evil.example', 'example.com', true, 'cross-site'],
    ['https://example.com.evil.example', 'example.com', true, 'cross-site'],
    ['https://sub.example.com', 'example.com', true, 'cross-site'],
    ['https://example.com', 'evil.example', true, 'cross-site'],
    ['https://example.com', undefined, true, 'cross-site'],
    ['https://example.com', '', true, 'cross-site'],
    ['https://example.com', 'x@example.com', true, 'cross-site'],
    ['https://example.com', 'example.com/x', true, 'cross-site'],
    ['https://example.com/', 'example.com', true, 'cross-site'],
    ['https://x@example.com', 'example.com', true, 'cross-site'],
    ['example.com', 'example.com', true, 'cross-site'],
    ['null', 'null', undefined, 'cross-site'],
    ['', '', undefined, 'cross-site'],
    ['chrome-extension://example.com', 'example.com', undefined, 'cross-site'],
  ])('compares origin %j with host %j, HTTPS %j: %s', (origin, own, secure, verdict) => {
    expect(post({ origin, host: own, secure })).toBe(verdict);
  });

  it('does not know without either header', () => {
    expect(post({ host })).toBe('unknown');
  });

  it('lets trusted origins pass, as they are written, and never null', () => {
    const trustedOrigins = ['https://accounts.example.com', 'null'];
    const origin = 'https://accounts.example.com';
    expect(post({ secFetchSite: 'same-site', origin, host, trustedOrigins })).toBe('same-origin');
    expect(post({ origin, host, trustedOrigins })).toBe('same-origin');
    expect(post({ secFetchSite: 'cross-site', origin: 'null', host, trustedOrigins })).toBe('cross-site');
    expect(post({ origin: 'null', host, trustedOrigins })).toBe('cross-site');
    expect(post({ origin: `${origin}.evil.example`, host, trustedOrigins })).toBe('cross-site');
  });

  it('never throws', () => {
    const header = fc.option(fc.string(), { nil: undefined });
    fc.assert(
      fc.property(header, header, (origin, own) => {
        const verdict = post({ origin, host: own });
        if (origin !== undefined) expect(verdict).toBe('cross-site');
      }),
    );
  });
});
