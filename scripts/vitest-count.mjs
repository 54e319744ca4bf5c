// Runs the tests and counts them.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));

/**
 * @param args Vitest's arguments.
 * @param start Runs Node with these arguments to its end; says whether it exited with 0.
 */
export function countTests(args, start, reporter = 'default') {
  const folder = mkdtempSync(join(tmpdir(), 'vitest-'));
  try {
    const report = join(folder, 'report.json');
    const ok = start([
      vitest,
      'run',
      `--reporter=${reporter}`,
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args,
    ]);
    const { testResults = [] } = read(report);
    const count = (...states) =>
      testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => states.includes(status))
        .length;
    // A file that fails without a failed test, say because it does not load, counts as one.
    const broken = testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
    ).length;
    const failed = count('failed') + broken;
    return {
      passed: count('passed'),
      // Vitest also fails for what no file is to blame for, such as an error that nobody caught.
      failed: ok ? failed : Math.max(1, failed),
      skipped: count('skipped', 'pending', 'todo', 'disabled'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return {};
  }
}
