import { parseCookie } from 'cookie';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCookies as readAtMost } from '../../src/cookie/read.ts';

function readCookies(header: string | undefined, name: string): string[] | undefined {
  return readAtMost(header, name, 4);
}

describe('readCookies', () => {
  it.each<[string, string[] | undefined]>([
    ['session=abc', ['abc']],
    ['a=1; session=abc; b=2', ['abc']],
    ['a=1;session=abc;b=2', ['abc']],
    ['a=1; \t session=abc \t ; b=2', ['abc']],
    ['session="abc"', ['abc']],
    ['session=', ['']],
    ['session= \t ', ['']],
    ['session=  ; a=1', ['']],
    [' \t session=abc', ['abc']],
    ['session="', ['"']],
    ['session=""', ['']],
    ['session=a=b', ['a=b']],
    ['session=a; session=b', ['a', 'b']],
    ['xsession=abc', undefined],
    ['sessionx=abc', undefined],
    ['Session=abc', undefined],
    ['session', undefined],
    ['session; session=abc', ['abc']],
    ['a=session=abc', undefined],
    ['a=b session=abc', undefined],
    ['=session=abc', undefined],
    ['', undefined],
    [';;;', undefined],
    ['sessionsession=abc', undefined],
    ['sessionsession=abc; session=d', ['d']],
  ])('reads %j', (header, values) => {
    expect(readCookies(header, 'session')).toEqual(values);
  });

  it('has nothing to read without a header', () => {
    expect(readCookies(undefined, 'session')).toBeUndefined();
  });

  it('has nothing to read without a name', () => {
    expect(readCookies('=abc; session=abc', '')).toBeUndefined();
  });

  it('does not let quotes span pairs, nor whitespace stand before the equals sign', () => {
    expect(readCookies('a="x; session=secret; b=y"', 'a')).toEqual(['"x']);
    expect(readCookies('a="x; session=secret; b=y"', 'session')).toEqual(['secret']);
    expect(readCookies('__Host-session =evil', '__Host-session')).toBeUndefined();
    expect(readCookies('\u2000__Host-session=evil', '__Host-session')).toBeUndefined();
    expect(readCookies('a=1;\u00a0session=evil', 'session')).toBeUndefined();
  });

  it('reads at most as many as it is asked for', () => {
    expect(readCookies('s=1; s=2; s=3; s=4; s=5', 's')).toEqual(['1', '2', '3', '4']);
    expect(readAtMost('s=1; s=2', 's', 1)).toEqual(['1']);
  });

  it('leaves out what cannot be meant, and does not count it', () => {
    const isEven = (value: string): boolean => Number(value) % 2 === 0;
    expect(readAtMost('s=1; s=2; s=3; s=4; s=5; s=6', 's', 2, isEven)).toEqual(['2', '4']);
    expect(readAtMost('s=1; s=3', 's', 2, isEven)).toEqual([]);
    expect(readAtMost('t=2', 's', 2, isEven)).toBeUndefined();
  });

  it('finds a cookie among any others', () => {
    const name = fc.stringMatching(/^[a-z]{1,4}$/);
    const value = fc.stringMatching(/^[\w.=-]{0,6}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), name, (pairs, wanted) => {
        const header = pairs.map((pair) => pair.join('=')).join('; ');
        const expected = pairs.filter(([key]) => key === wanted).map(([, text]) => text);
        expect(readCookies(header, wanted) ?? []).toEqual(expected.slice(0, 4));
      }),
    );
  });

  it('never throws, and agrees with the cookie package on the first value', () => {
    const garbage = fc.string({ unit: fc.constantFrom('s', 'x', '=', ';', ' ', '\t', '"', ',', '\u00e9', '\0') });
    fc.assert(
      fc.property(garbage, (header) => {
        const ours = readCookies(header, 's')?.[0];
        if (ours === undefined || /s[ \t]+=/.test(header)) return;
        const theirs = parseCookie(header, { decode: (text) => text }).s!;
        expect(ours).toBe(theirs.length >= 2 && /^".*"$/s.test(theirs) ? theirs.slice(1, -1) : theirs);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes time in proportion to the header, for any content', () => {
    for (const unit of ['session', ' session', '; session', 'session ', ' ', 's']) {
      const header = unit.repeat(200_000);
      const start = performance.now();
      readCookies(header, 'session');
      expect(performance.now() - start).toBeLessThan(500);
    }
  });
});
