import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { setColours, violations, violationsOfColours } from './accessibility.ts';

/** The narrowest comes last: what a tour does between two pages, it does in that. */
const VIEWPORTS = {
  desktop: { width: 1280, height: 800, deviceScaleFactor: 1, mobile: false },
  phone: { width: 390, height: 844, deviceScaleFactor: 2, mobile: true },
  narrow: { width: 320, height: 600, deviceScaleFactor: 1, mobile: false },
};

/** Of the viewport, and of what the page takes. */
const WIDTHS = '[document.documentElement.clientWidth, document.documentElement.scrollWidth]';

/** Shows each page of a tour in every viewport, in light and in dark colours. */
export class Viewports {
  readonly #page: Page;
  readonly #devtools: CDPSession;
  readonly #screenshots: string;

  private constructor(page: Page, devtools: CDPSession, screenshots: string) {
    this.#page = page;
    this.#devtools = devtools;
    this.#screenshots = screenshots;
  }

  /** @param screenshots what the names of this tour's screenshots begin with */
  static async of(page: Page, screenshots = ''): Promise<Viewports> {
    return new Viewports(page, await page.context().newCDPSession(page), screenshots);
  }

  /**
   * Returns where the page is too wide or not accessible. Takes screenshots into the folder that `SCREENSHOT_DIR` names,
   * if it does: they take half the time of a tour.
   */
  async problems(title: string): Promise<string[]> {
    const page = this.#page;
    const problems: string[] = [];
    for (const [name, metrics] of Object.entries(VIEWPORTS)) {
      await this.#devtools.send('Emulation.setDeviceMetricsOverride', metrics);
      await this.#devtools.send('Emulation.setTouchEmulationEnabled', { enabled: metrics.mobile });
      await this.#screenshot(`${name}-light-${title}`);
      const [inside, width] = (await page.evaluate(WIDTHS)) as number[];
      if (inside !== metrics.width || width !== inside)
        problems.push(`${name}: is ${width} pixels wide, in a viewport of ${inside}`);
      problems.push(...(await violations(page)).map((problem) => `${name}: ${problem}`));
      await setColours(page, 'dark');
      problems.push(...(await violationsOfColours(page)).map((problem) => `${name}, dark: ${problem}`));
      await this.#screenshot(`${name}-dark-${title}`);
      await setColours(page, 'light');
    }
    return problems;
  }

  async #screenshot(name: string): Promise<void> {
    const folder = process.env['SCREENSHOT_DIR'];
    if (!folder) return;
    // Playwright's own would set the viewport back.
    const { cssContentSize } = await this.#devtools.send('Page.getLayoutMetrics');
    const clip = { ...cssContentSize, scale: 1 };
    const { data } = await this.#devtools.send('Page.captureScreenshot', { captureBeyondViewport: true, clip });
    writeFileSync(join(folder, `${this.#screenshots}${name}.png`), data, 'base64');
  }
}
