import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { expect } from 'vitest';
import { setColours, violations, violationsOfColours } from './accessibility.ts';

/** The windows that pages are shown in. The narrowest comes last: what a tour does between two pages, it does in that. */
const WINDOWS = {
  desktop: { width: 1280, height: 800, deviceScaleFactor: 1, mobile: false },
  phone: { width: 390, height: 844, deviceScaleFactor: 2, mobile: true },
  narrow: { width: 320, height: 600, deviceScaleFactor: 1, mobile: false },
};

/** Shows each page of a tour in every window, in light and in dark colours, and checks how it looks there. */
export class Windows {
  readonly #page: Page;
  readonly #devtools: CDPSession;
  readonly #screenshots: string;

  private constructor(page: Page, devtools: CDPSession, screenshots: string) {
    this.#page = page;
    this.#devtools = devtools;
    this.#screenshots = screenshots;
  }

  /** @param screenshots what the names of this tour's screenshots begin with */
  static async of(page: Page, screenshots = ''): Promise<Windows> {
    return new Windows(page, await page.context().newCDPSession(page), screenshots);
  }

  /**
   * Checks that the page fits each window and is accessible there. Takes screenshots into the folder that
   * `SCREENSHOT_DIR` names, if it does: they take half the time of a tour.
   */
  async check(title: string): Promise<void> {
    const page = this.#page;
    for (const [name, metrics] of Object.entries(WINDOWS)) {
      const where = `${title}, ${name}`;
      await this.#devtools.send('Emulation.setDeviceMetricsOverride', metrics);
      await this.#devtools.send('Emulation.setTouchEmulationEnabled', { enabled: metrics.mobile });
      await this.#screenshot(`${name}-light-${title}`);
      expect.soft(await page.evaluate('innerWidth'), where).toBe(metrics.width);
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect.soft(await page.evaluate(overflow), `${where}: is too wide`).toBe(0);
      expect.soft(await violations(page), `${where}: is not accessible`).toEqual([]);
      await setColours(page, 'dark');
      expect.soft(await violationsOfColours(page), `${where}: is not accessible in dark colours`).toEqual([]);
      await this.#screenshot(`${name}-dark-${title}`);
      await setColours(page, 'light');
    }
  }

  async #screenshot(name: string): Promise<void> {
    const folder = process.env['SCREENSHOT_DIR'];
    if (!folder) return;
    // Playwright's own would set the size of the window back.
    const { cssContentSize } = await this.#devtools.send('Page.getLayoutMetrics');
    const clip = { ...cssContentSize, scale: 1 };
    const { data } = await this.#devtools.send('Page.captureScreenshot', { captureBeyondViewport: true, clip });
    writeFileSync(join(folder, `${this.#screenshots}${name}.png`), data, 'base64');
  }
}
