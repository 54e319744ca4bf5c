// docs/comparison.md lists what users of other libraries asked for, and the test of each.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = 'test/integration/peer-requests';
const TITLE = '## What users of other libraries asked for\n';

const threadsIn = (text: string): string[] => text.match(/https:\/\/github\.com\/[^\s)]+/g) ?? [];

test('every thread has a test in the file that its row names, and every test a row', () => {
  const document = readFileSync(`${root}docs/comparison.md`, 'utf8');
  const [section] = document.slice(document.indexOf(TITLE) + TITLE.length).split(/^## /m) as [string];
  const listed = section
    .split('\n')
    .filter((line) => line.includes('https://'))
    .flatMap((row) => {
      const [, file] = /\(\.\.\/test\/integration\/peer-requests\/([\w.-]+)\) \|$/.exec(row) ?? [];
      return threadsIn(row).map((thread) => `${file}: ${thread}`);
    });
  const tested = readdirSync(root + FOLDER)
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => {
      const tests = readFileSync(`${root}${FOLDER}/${file}`, 'utf8').split(/^test/m).slice(0, -1);
      return tests.flatMap(threadsIn).map((thread) => `${file}: ${thread}`);
    });
  expect(tested.length).toBeGreaterThan(20);
  expect(listed.toSorted()).toEqual(tested.toSorted());
});
