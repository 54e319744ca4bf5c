// That the store of docs/add-a-store.md passes the contract: the code of the page is what runs here.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { storeContract } from 'websauna-session/testing';
import { codeBlocks } from '../../scripts/markdown.mjs';
import { PageFiles } from '../support/page-files.ts';

const page = new PageFiles('docs/add-a-store.md');
afterAll(() => page.remove());

test('the page has the files of its steps', () => {
  expect(page.names).toEqual(['changes.ts', 'map-store.ts', 'map-store.test.ts', 'owned-map-store.ts']);
});

// The last step makes a file out of another one.
const command = codeBlocks(page.text)
  .find(({ code }) => code.startsWith('sed '))!
  .code.replace(/\nnpx vitest run$/, '');
const { status } = spawnSync('sh', ['-c', command], { cwd: page.folder });
assert.equal(status, 0, command);

test('the last step runs the whole contract', () => {
  const source = readFileSync(`${page.folder}/owned-map-store.test.ts`, 'utf8');
  expect(source).toContain("import { OwnedMapStore } from './owned-map-store.ts';");
  expect(source).toContain('storeContract({ owners: true, index: true, scan: true })');
  const whole = storeContract({ owners: true, index: true, scan: true }).length;
  expect(whole).toBeGreaterThan(storeContract({ owners: false }).length);
});

await page.load('map-store.test.ts');
await page.load('owned-map-store.test.ts');
