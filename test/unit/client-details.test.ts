import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientDetails, truncateAddress, truncateUserAgent } from '../../src/engine/client-details.ts';
import type { ClientDetailMode } from '../../src/engine/config.ts';
import type { SessionContext } from '../../src/engine/context.ts';
import type { Exchange } from '../../src/exchange.ts';

describe('a truncated address', () => {
  it.each([
    ['192.0.2.77', '192.0.2.0'],
    ['::ffff:192.0.2.77', '192.0.2.0'],
    ['::FFFF:203.0.113.9', '203.0.113.0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
    ['2001:DB8:0:2::1', '2001:db8::'],
    ['2001:db8::1', '2001:db8::'],
    ['2001:db8:1::', '2001:db8:1::'],
    ['2001:db8:1:2::', '2001:db8:1::'],
    ['2001:0:0:2:3:4:5:6', '2001::'],
    ['2001::2:3:4:5:6:7', '2001:0:2::'],
    ['0:0:5:1:2:3:4:6', '0:0:5::'],
    ['fe80::1%eth0', 'fe80::'],
    ['::1', '::'],
    ['::', '::'],
  ])('of %s is %s', (address, truncated) => {
    expect(truncateAddress(address)).toBe(truncated);
  });

  it.each(['', 'unknown', '_hidden', '999.1.1.1', '192.0.2', '1:2', 'a/b:c', 'host:80', '192.0.2.1:80'])(
    'is not made of %j',
    (address) => {
      expect(truncateAddress(address)).toBeNull();
    },
  );

  it('keeps nothing of what comes after the first 24 or 48 bits', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(255), (address, last) => {
        const other = address.replace(/\d+$/, String(last));
        expect(truncateAddress(other)).toBe(truncateAddress(address));
      }),
    );
    const group = fc.integer({ min: 0, max: 0xffff }).map((number) => number.toString(16));
    const groups = (count: number): fc.Arbitrary<string> =>
      fc.array(group, { minLength: count, maxLength: count }).map((each) => each.join(':'));
    fc.assert(
      fc.property(groups(3), groups(5), groups(5), (network, one, other) => {
        const truncated = truncateAddress(`${network}:${one}`);
        expect(truncateAddress(`${network}:${other}`)).toBe(truncated);
        expect(truncated).toMatch(/^(?:[\da-f]{1,4}(?::[\da-f]{1,4}){0,2})?::$/);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => void truncateAddress(text)));
  });
});

describe('what a session keeps of its client', () => {
  const details = (mode: ClientDetailMode, address: string | null, agent?: string): (string | null)[] => {
    const modes = { anonymous: mode, owned: 'off' } as const;
    const keyring = { clientHash: (kind: string, text: string) => `${kind} of ${text}` };
    const context = { config: { clientAddress: modes, userAgent: modes }, keyring } as unknown as SessionContext;
    const exchange = { clientAddress: address, header: () => agent } as unknown as Exchange;
    expect(clientDetails(context, exchange, true)).toEqual({ address: null, agent: null });
    const kept = clientDetails(context, exchange, false);
    return [kept.address, kept.agent];
  };

  it.each<[ClientDetailMode, (string | null)[]]>([
    ['full', ['::ffff:192.0.2.77', 'curl/8.5.0']],
    ['truncated', ['192.0.2.0', 'curl 8']],
    ['hashed', ['address of 192.0.2.77', 'agent of curl/8.5.0']],
    ['off', [null, null]],
  ])('is %s', (mode, kept) => {
    expect(details(mode, '::ffff:192.0.2.77', 'curl/8.5.0')).toEqual(kept);
  });

  it.each<ClientDetailMode>(['full', 'truncated', 'hashed', 'off'])(
    'is nothing where %s has nothing to keep',
    (mode) => {
      expect(details(mode, null)).toEqual([null, null]);
    },
  );

  it('is a hash of an address in its one form, or of what is no address', () => {
    expect(details('hashed', '2001:DB8:0::1')[0]).toBe('address of 2001:db8::1');
    expect(details('hashed', 'unknown')[0]).toBe('address of unknown');
    expect(details('hashed', 'host')[0]).toBe('address of host');
  });

  it('is the beginning of a long user agent, with whole characters', () => {
    expect(details('full', null, 'x'.repeat(600))[1]).toBe('x'.repeat(512));
    expect(details('full', null, `${'x'.repeat(511)}😀`)[1]).toBe('x'.repeat(511));
    expect(details('full', null, `${'x'.repeat(510)}😀`)[1]).toBe(`${'x'.repeat(510)}😀`);
  });
});

describe('a truncated user agent', () => {
  const gecko = 'AppleWebKit/537.36 (KHTML, like Gecko)';
  const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
  it.each([
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${gecko} Chrome/126.0.6478.127 Safari/537.36`, 'Chrome 126 on Windows'],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${gecko} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.81`,
      'Edge 126 on Windows',
    ],
    [`Mozilla/5.0 (X11; Linux x86_64) ${gecko} Chrome/126.0.0.0 Safari/537.36 OPR/111.0.0.0`, 'Opera 111 on Linux'],
    [
      `Mozilla/5.0 (Linux; Android 13; SM-S911B) ${gecko} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36`,
      'Samsung Internet 25 on Android',
    ],
    ['Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0', 'Firefox 127 on Linux'],
    [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${gecko} Chrome/126.0.0.0 Safari/537.36`, 'Chrome 126 on ChromeOS'],
    [`${phone} Version/17.5 Mobile/15E148 Safari/604.1`, 'Safari 17 on iOS'],
    [`${phone} CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1`, 'Chrome 126 on iOS'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
      'Safari 17 on macOS',
    ],
    [`Mozilla/5.0 (Haiku; x64) ${gecko} Chrome/126.0.0.0 Safari/537.36`, 'Chrome 126'],
    ['curl/8.5.0', 'curl 8'],
    ['wget/12.1', 'wget 12'],
    ['my-app', 'my-app'],
    [`${'x'.repeat(100)}/1`, 'x'.repeat(40)],
    ['', null],
    ['<script>', null],
  ])('of %s is %s', (agent, truncated) => {
    expect(truncateUserAgent(agent)).toBe(truncated);
  });

  it('takes time in proportion to its length', () => {
    const start = performance.now();
    for (const text of ['Version/1', 'Safari/', ' Mobile/1', 'Chrome/', 'Mac OS X'])
      truncateUserAgent(text.repeat(50_000));
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
