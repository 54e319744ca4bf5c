import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createSessionFactory, SessionError, type SessionErrorCode } from 'websauna-session';
import { SETTINGS } from '../../src/options/settings-schema.ts';
import { WARNINGS } from '../../src/warnings.ts';

const SECRET = 'a secret of more than thirty-two bytes';

function read(file: string): string {
  return readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');
}

/** The rows of all tables of a section, each as its cells, without those that name or draw columns. */
function rows(text: string, heading?: string): string[][] {
  const section = heading === undefined ? text : text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))!;
  const lines = section.split('\n');
  return lines
    .filter(
      (line, index) => line.startsWith('|') && !line.startsWith('| ---') && !lines[index + 1]?.startsWith('| ---'),
    )
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
}

/** The names that a refusal of an unknown one lists. */
function knownNames(options: object): string[] {
  try {
    createSessionFactory({ secret: SECRET, ...options });
  } catch (error) {
    return /Known are (.*)$/.exec((error as Error).message)![1]!.split(', ');
  }
  throw new Error('Nothing was refused');
}

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].toSorted();

describe('docs/options.md', () => {
  const text = read('docs/options.md');
  const documented = rows(text.slice(0, text.indexOf('## Settings')))
    .map(([first]) => codesIn(first!))
    .filter((codes) => codes.length === 1)
    .flat();
  const inside = (object: string) =>
    documented.filter((name) => name.startsWith(`${object}.`)).map((name) => name.slice(object.length + 1));

  test('has every option, and no other', () => {
    const known = knownNames({ zzzzzzzzzzzz: 1 });
    const outer = documented.map((name) => name.replace(/\..*/, ''));
    expect(sorted(outer)).toEqual(sorted(known));
    expect(sorted(inside('cookie'))).toEqual(sorted(knownNames({ cookie: { zzzzzzzzzzzz: 1 } })));
    expect(sorted(inside('redis'))).toEqual(sorted(knownNames({ redis: { zzzzzzzzzzzz: 1 } })));
    expect(sorted(inside('ignore'))).toEqual(sorted(knownNames({ ignore: { zzzzzzzzzzzz: 1 } })));
  });

  test('has every setting, and no other', () => {
    const settings = rows(text, 'Settings and environment variables').flatMap(([first]) => codesIn(first!));
    expect(sorted(settings)).toEqual(sorted(SETTINGS.keys()));
  });
});

describe('docs/errors-and-events.md', () => {
  const text = read('docs/errors-and-events.md');
  const source = read('src/events.ts');

  test('has every error with its status, and no other', () => {
    const union = read('src/errors.ts').match(/ERR_SESSION_\w+/g)!;
    const documented = rows(text, 'Errors');
    expect(sorted(documented.map(([code]) => codesIn(code!)[0]!))).toEqual(sorted(union));
    for (const [code, status] of documented) {
      expect(new SessionError(codesIn(code!)[0] as SessionErrorCode, '').status).toBe(Number(status));
    }
  });

  test('has every event with its payload, and no other', () => {
    const body = /export interface SessionEvents \{(.*?)\n\}/s.exec(source)![1]!;
    const declared = new Map(
      [...body.matchAll(/^ {2}(\w+): ([^]*?);$(?=\n {2}\S|$(?!\n))/gm)].map(([, name, type]) => {
        const fields = [...type!.matchAll(/readonly (\w+):/g)].map(([, field]) => field!);
        const inherited = [
          ...(/Of(?:Any)?Session/.test(type!) ? ['handle'] : []),
          ...(type!.includes('FromClient') ? ['clientAddress'] : []),
        ];
        return [name!, [...inherited, ...fields]];
      }),
    );
    const events = rows(text, 'Events');
    expect(sorted(events.map(([first]) => codesIn(first!)[0]!))).toEqual(sorted(declared.keys()));
    for (const [first, payload] of events) {
      expect(sorted(codesIn(payload!))).toEqual(sorted(declared.get(codesIn(first!)[0]!)!));
    }
  });

  const REASONS = [
    ['RejectReason', 'rejected'],
    ['CookieWarningReason', 'cookieWarning'],
    ['CookieSuppressionReason', 'cookieSuppressed'],
    ['DiscardReason', 'discarded'],
    ['EndReason', 'destroyed'],
    ['RefusalReason', 'refused'],
  ] as const;
  test.each(REASONS)('has every %s of `%s`, and no other', (type, event) => {
    const union = new RegExp(`export type ${type} =(.*?);`, 's').exec(source.replaceAll(/\/\/.*/g, ''))![1]!;
    const reasons = [...union.matchAll(/'([^']+)'/g)].map(([, reason]) => reason!);
    const documented = new Map<string, string[]>();
    for (const [first, reason] of rows(text, 'Reasons')) {
      const name = codesIn(first!)[0] ?? [...documented.keys()].at(-1)!;
      documented.set(name, [...(documented.get(name) ?? []), ...codesIn(reason!)]);
    }
    expect(reasons.length).toBeGreaterThan(2);
    expect(sorted(documented.get(event)!)).toEqual(sorted(reasons));
    expect(sorted(documented.keys())).toEqual(sorted(REASONS.map(([, name]) => name)));
  });

  test('has every warning with its code, event and reason, and no other', () => {
    const documented = rows(text, 'Warnings on the console').map(([code, event, reason]) =>
      [codesIn(code!)[0], codesIn(event!)[0], codesIn(reason!)[0] ?? ''].join(' '),
    );
    const expected = Object.entries(WARNINGS).flatMap(([event, given]) => {
      const code = `WEBSAUNA_SESSION_${event.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`;
      const reasons = typeof given === 'string' ? [''] : Object.keys(given);
      return reasons.map((reason) => `${code} ${event} ${reason}`);
    });
    expect(sorted(documented)).toEqual(sorted(expected));
  });
});
