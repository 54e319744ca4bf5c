import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forwardedFor, forwardedProto, untrustedHttps } from '../../src/internal/forwarded.ts';

const PEER = '10.0.0.9';

describe('forwardedFor', () => {
  it.each<[string | undefined, number, string | null]>([
    ['203.0.113.7', 0, PEER],
    [undefined, 1, PEER],
    ['', 1, PEER],
    ['  ', 1, PEER],
    ['203.0.113.7', 1, '203.0.113.7'],
    ['1.1.1.1, 203.0.113.7', 1, '203.0.113.7'],
    ['1.1.1.1, 203.0.113.7, 10.0.0.2', 2, '203.0.113.7'],
    ['1.1.1.1,203.0.113.7,10.0.0.2', 3, '1.1.1.1'],
    ['203.0.113.7', 5, '203.0.113.7'],
    ['203.0.113.7:4711', 1, '203.0.113.7'],
    ['2001:db8::1', 1, '2001:db8::1'],
    ['[2001:DB8::1]:443', 1, '2001:DB8::1'],
    ['[::1]', 1, '::1'],
    ['::ffff:203.0.113.7', 1, '::ffff:203.0.113.7'],
  ])('reads %j, trusting %i, as %j', (header, hops, address) => {
    expect(forwardedFor(header, hops, PEER)).toBe(address);
  });

  it.each([
    'unknown',
    '_hidden',
    '<script>',
    '203.0.113',
    '1.1.1.1 2.2.2.2',
    'a:b',
    ':',
    '1.1.1.1:x',
    '[::1',
    'x'.repeat(9999),
  ])('knows no address where the proxy wrote %j, and does not take the entry beside it', (entry) => {
    expect(forwardedFor(`6.6.6.6, ${entry}`, 1, PEER)).toBeNull();
    expect(forwardedFor(`6.6.6.6, ${entry}, 10.0.0.2`, 2, PEER)).toBeNull();
    expect(forwardedFor(`${entry}, 203.0.113.7`, 1, PEER)).toBe('203.0.113.7');
  });

  it('cannot be changed by what the client sends', () => {
    const sent = fc.string().map((text) => `${text},`);
    fc.assert(
      fc.property(sent, fc.integer({ min: 1, max: 3 }), (spoofed, hops) => {
        const added = ['203.0.113.7', '10.0.0.2', '10.0.0.3'].slice(0, hops).join(', ');
        expect(forwardedFor(spoofed + added, hops, PEER)).toBe('203.0.113.7');
      }),
    );
  });
});

describe('forwardedProto', () => {
  it.each<[string | undefined, number, boolean, boolean]>([
    ['https', 0, false, false],
    ['http', 0, true, true],
    [undefined, 1, false, false],
    [undefined, 1, true, true],
    ['https', 1, false, true],
    ['HTTPS', 1, false, true],
    ['wss', 1, false, true],
    ['http', 1, true, false],
    ['ws', 1, true, false],
    ['https, http', 1, false, false],
    ['https, http', 2, false, true],
    ['http, https', 1, false, true],
    ['https', 2, false, true],
    ['gopher', 1, false, false],
    ['gopher', 1, true, true],
    [',', 1, true, true],
    [',,,', 3, false, false],
  ])('reads %j, trusting %i, over a connection that is encrypted: %j, as %j', (header, hops, own, secure) => {
    expect(forwardedProto(header, hops, own)).toBe(secure);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(',', ' ', 'https', 'x') }), fc.nat(9), (header, hops) => {
        expect(typeof forwardedProto(header, hops, false)).toBe('boolean');
        expect(forwardedFor(header, hops, null)).toBeNull();
      }),
    );
  });
});

describe('untrustedHttps', () => {
  it('reports that a proxy claims HTTPS and is not trusted', () => {
    expect(untrustedHttps('https', 0, false)).toBe(true);
    expect(untrustedHttps('http, https', 0, false)).toBe(true);
    expect(untrustedHttps('https', 1, false)).toBe(false);
    expect(untrustedHttps('https', 0, true)).toBe(false);
    expect(untrustedHttps('http', 0, false)).toBe(false);
    expect(untrustedHttps(undefined, 0, false)).toBe(false);
  });
});
