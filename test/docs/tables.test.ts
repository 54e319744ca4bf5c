import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createSessionFactory, SessionError, type SessionErrorCode } from 'websauna-session';
import { SETTINGS } from '../../src/options/settings-schema.ts';

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
      [...body.matchAll(/^ {2}(\w+): (.*);$/gm)].map(([, name, type]) => {
        const fields = [...type!.matchAll(/readonly (\w+):/g)].map(([, field]) => field!);
        return [name!, type!.includes('OfSession') ? ['handle', ...fields] : fields];
      }),
    );
    // The table of reasons comes after that of events, and has the same names in its first column.
    const events = rows(text, 'Events').slice(0, declared.size);
    expect(sorted(events.map(([first]) => codesIn(first!)[0]!))).toEqual(sorted(declared.keys()));
    for (const [first, payload] of events) {
      expect(sorted(codesIn(payload!))).toEqual(sorted(declared.get(codesIn(first!)[0]!)!));
    }
  });

  test.each(['RejectReason', 'CookieReason', 'DiscardReason', 'EndReason'])('has every %s', (type) => {
    const union = new RegExp(`export type ${type} =(.*?);\n`, 's').exec(source)![1]!.replaceAll(/\/\/.*/g, '');
    const reasons = [...union.matchAll(/'([^']+)'/g)].map(([, reason]) => reason!);
    const documented = rows(text, 'Events').flatMap(([, reason]) => codesIn(reason ?? ''));
    expect(reasons.length).toBeGreaterThan(3);
    for (const reason of reasons) expect(documented).toContain(reason);
  });
});
