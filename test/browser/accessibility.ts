import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The rules that colours decide. */
const COLOUR_RULES = { runOnly: ['color-contrast', 'link-in-text-block'] };

/** The rules of accessibility that a page breaks, with the elements that do. */
export async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axe);
  return await run(page, {}, 10);
}

/** Likewise of a page whose other rules were looked at, in other colours. */
export async function violationsOfColours(page: Page): Promise<string[]> {
  return await run(page, COLOUR_RULES, 0);
}

/** Shows a page in light or dark colours, without the way between them. */
export async function setColours(page: Page, colorScheme: 'dark' | 'light'): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.evaluate('document.getAnimations().forEach((each) => each.finish())');
}

async function run(page: Page, options: RunOptions, least: number): Promise<string[]> {
  // Only what is looked at leaves the page: the full report has every element that each rule has found.
  const summary = `axe.run(${JSON.stringify({ ...options, resultTypes: ['violations'], selectors: false })})
    .then(({ passes, violations }) => ({
      passed: passes.length,
      broken: violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)),
    }))`;
  const { passed, broken } = (await page.evaluate(summary)) as { passed: number; broken: string[] };
  expect(passed).toBeGreaterThan(least);
  return broken;
}
