// That the adapter of docs/add-an-adapter.md passes the contract: the code of the page is what runs here.
import { afterAll, expect, test } from 'vitest';
import { PageFiles } from '../support/page-files.ts';

const page = new PageFiles('docs/add-an-adapter.md');
afterAll(() => page.remove());

test('the page has the files of its steps', () => {
  expect(page.names).toEqual(['answers.ts', 'sessions.ts', 'sessions.test.ts']);
});

await page.load('sessions.test.ts');
