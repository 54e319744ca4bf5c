// Looks at the pages in Chromium: on a telephone and on a desk, light and dark.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDTHS = [390, 1280];
const SCHEMES = ['light', 'dark'];

/** Runs in the page: returns what does not fit. */
function measure() {
  const problems = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) {
    // The innermost elements that reach over the edge, but for those within something that scrolls by itself.
    const scrolls = (element) =>
      element !== null &&
      (/auto|scroll|hidden/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    const wide = [...document.body.querySelectorAll('*')].filter(
      (element) => element.getBoundingClientRect().right > clientWidth + 1 && !scrolls(element.parentElement),
    );
    const names = wide.slice(-3).map((element) => element.outerHTML.slice(0, 120));
    problems.push(`is ${scrollWidth - clientWidth} pixels too wide: ${names.join(' | ')}`);
  }
  const headings = [...document.querySelectorAll('main :is(h1, h2, h3)')];
  if (document.querySelectorAll('h1').length !== 1) problems.push('has not exactly one heading of the first level');
  for (const heading of headings) {
    const { width, height, right } = heading.getBoundingClientRect();
    if (!heading.checkVisibility() || width === 0 || height === 0 || right <= 0) {
      problems.push(`hides the heading "${heading.textContent}"`);
    }
  }
  for (const diagram of document.querySelectorAll('.diagram')) {
    if (diagram.dataset.failure) problems.push(`has a diagram that cannot be drawn: ${diagram.dataset.failure}`);
  }
  return problems;
}

/** Runs in the page: returns the rules of accessibility that it breaks. */
async function runAxe(only) {
  const { violations } = await globalThis.axe.run(document, {
    ...(only && { runOnly: { type: 'rule', values: only } }),
    resultTypes: ['violations'],
  });
  return violations.map(
    ({ id, help, nodes }) =>
      `${id} (${help}), ${nodes.length} times: ${nodes[0].html.slice(0, 160)} ${nodes[0].any[0]?.message ?? ''}`,
  );
}

/** Waits until the page is alive and has drawn its diagrams. */
async function settle(page) {
  await page.waitForFunction(() => document.querySelector('#app')?.__vue_app__ !== undefined);
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.diagram')].every(
      (diagram) => diagram.dataset.failure || diagram.querySelector('svg'),
    ),
  );
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(resolve));
      }),
  );
}

async function look(page, address, path, { width, screenshots }) {
  const found = [];
  await page.emulateMedia({ colorScheme: SCHEMES[0], reducedMotion: 'reduce' });
  await page.goto(address + path, { waitUntil: 'load' });
  await page.addScriptTag({ content: axe });
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await page.waitForFunction(
      (dark) => document.documentElement.classList.contains('dark') === dark,
      scheme === 'dark',
    );
    await settle(page);
    // Colours are what differs between the two.
    const problems = scheme === SCHEMES[0] ? await page.evaluate(measure) : [];
    problems.push(...(await page.evaluate(runAxe, scheme === SCHEMES[0] ? undefined : ['color-contrast'])));
    found.push(...problems.map((problem) => `/${path} (${width}, ${scheme}): ${problem}`));
    if (screenshots) {
      await page.screenshot({
        path: join(screenshots, `${path.replaceAll('/', '-') || 'home'}-${width}-${scheme}.png`),
      });
    }
  }
  return found;
}

/** A page that reports what goes wrong in it, and every request to somewhere else. */
async function newPage(browser, address, width, problems) {
  const context = await browser.newContext({
    viewport: { width, height: width < 600 ? 844 : 800 },
    ...(width < 600 && { isMobile: true, hasTouch: true, deviceScaleFactor: 2 }),
  });
  const page = await context.newPage();
  const where = () => `${page.url().replace(address, '/')} (${width})`;
  page.on('pageerror', (error) => problems.push(`${where()}: ${error.message}`));
  page.on('console', (message) => {
    const expected = message.text().includes('404') && page.url().endsWith('/nowhere');
    if (message.type() === 'error' && !expected) problems.push(`${where()}: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (/^https?:/.test(request.url()) && !request.url().startsWith(new URL(address).origin)) {
      problems.push(`${where()}: asks ${request.url()}`);
    }
  });
  return page;
}

/** Finds a page by its words, as a reader does. */
async function search(page, address) {
  await page.goto(address, { waitUntil: 'load' });
  await settle(page);
  await page.locator('.VPNavBarSearch button').first().click();
  await page.locator('.VPLocalSearchBox input').fill('rotation grace');
  await page.locator('.VPLocalSearchBox .result').first().waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.href !== address);
  await page.locator('.vp-doc h1').waitFor();
}

/** Returns what is wrong with the pages of these paths. */
export async function checkPages({ address, paths, executablePath, screenshots, log }) {
  const problems = [];
  const browser = await chromium.launch({ executablePath, chromiumSandbox: false, args: ['--disable-gpu'] });
  try {
    await Promise.all(
      WIDTHS.map(async (width) => {
        const page = await newPage(browser, address, width, problems);
        for (const path of paths) {
          const start = performance.now();
          problems.push(...(await look(page, address, path, { width, screenshots })));
          log?.(`/${path} (${width}): ${Math.round(performance.now() - start)} ms`);
        }
        await search(page, address);
      }),
    );
  } finally {
    await browser.close();
  }
  return problems;
}
