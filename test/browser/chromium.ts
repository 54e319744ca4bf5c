import { chromium, type Browser } from 'playwright-core';
import { programs } from '../../scripts/programs.mjs';

/** The user agent of a telephone that a visitor may have. */
export const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

const FEATURES_OFF = [
  // Each window would load two pages for the suggestions of its address bar, which cost more than what is tested.
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
  // Chromium heeds only the last list that it is given, so these repeat what matters of Playwright's own.
  'AimEnabled',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'ThirdPartyStoragePartitioning',
];

const FLAGS = [
  `--disable-features=${FEATURES_OFF.join(',')}`,
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

async function launch(): Promise<Browser> {
  const executablePath = programs.chromium();
  if (executablePath === undefined) throw new Error('The tests need Chromium: run `node scripts/prepare-tests.mjs`');
  // Vitest ends a process of tests by this signal; Playwright kills its browsers when the process exits.
  process.once('SIGTERM', () => process.exit());
  const browser = await chromium.launch({
    executablePath,
    chromiumSandbox: false,
    args: FLAGS,
    // The Back button must find what it finds in a browser that people use.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
    handleSIGTERM: false,
  });
  // Launch again after a crash.
  browser.once('disconnected', () => {
    launched = undefined;
  });
  return browser;
}

let launched: Promise<Browser> | undefined;

/** The browser of all test files that this process runs. What a test opens in it ends with {@link closeWindows}. */
export async function openBrowser(): Promise<Browser> {
  launched ??= launch();
  return await launched;
}

/** Ends what the visitors of a test have left open. */
export async function closeWindows(): Promise<void> {
  for (const context of (await launched)?.contexts() ?? []) await context.close();
}
