// Takes the screenshots of the dashboard that the documentation shows, from the tour that the tests make.
//
//   node scripts/dashboard-images.mjs
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const IMAGES = { 'desktop-light-overview': 'overview', 'desktop-light-owner': 'owner' };

const folder = mkdtempSync(join(tmpdir(), 'dashboard-'));
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    'test/browser/dashboard-looks.test.ts',
    '-t',
    'fit their window',
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, SCREENSHOT_DIR: folder } },
);
if (status === 0) {
  for (const [taken, name] of Object.entries(IMAGES)) {
    copyFileSync(join(folder, `dashboard-${taken}.png`), join(root, `docs/images/dashboard-${name}.png`));
  }
}
rmSync(folder, { recursive: true });
process.exitCode = status ?? 1;
