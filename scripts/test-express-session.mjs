// Runs express-session's own tests on `websauna-session/express-session`. They are not part of its package on npm, so the
// command takes them from a checkout of its repository, and from npm what they need. It fails when another test fails
// than those that docs/from-express-session.md lists with their reasons, and when one of those passes.
//
//   git clone --branch v1.19.0 --depth 1 https://github.com/expressjs/session ../express-session
//   npm run test:express-session -- ../express-session
//
// Also takes the path from EXPRESS_SESSION_CHECKOUT. Needs OpenSSL for a certificate.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENT = 'docs/from-express-session.md';
const VERSION = '1.19.0';
const HELP = `Give the path of a checkout of express-session ${VERSION}, as an argument or in EXPRESS_SESSION_CHECKOUT: its package on npm has no tests.`;

/** The titles of the tests that fail by intention: in the last table of the document, each in the first cell of a row. */
function intendedFailures() {
  const [, section] = readFileSync(join(root, DOCUMENT), 'utf8').split("\n### express-session's own tests\n");
  const [rows] = section.split(/\n##/);
  return [...rows.matchAll(/^\| `([^`]+)` \|/gm)].map(([, title]) => title);
}

function run(command, args, cwd, env = process.env) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', maxBuffer: 2 ** 26 });
  return { status, output: `${stdout}${stderr}` };
}

/** Puts the tests of the checkout into a folder where the package stands in the place of what they test. */
function prepare(checkout, folder) {
  const { version, devDependencies } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  if (version !== VERSION) throw new Error(`The checkout has version ${version}. ${HELP}`);
  cpSync(join(checkout, 'test'), join(folder, 'test'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "express-session-tests", "private": true }\n');
  writeFileSync(join(folder, 'index.js'), "module.exports = require('websauna-session/express-session');\n");
  mkdirSync(join(folder, 'session'));
  writeFileSync(join(folder, 'session/cookie.js'), "module.exports = require('../').Cookie;\n");
  const names = ['after', 'cookie-parser', 'express', 'mocha', 'supertest'];
  const packages = names.map((name) => `${name}@${devDependencies[name]}`);
  const npm = run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], folder);
  if (npm.status !== 0) throw new Error(`npm install failed:\n${npm.output}`);
  symlinkSync(root, join(folder, 'node_modules/websauna-session'), 'junction');
  const certificate = run('sh', ['test/support/gencert.sh'], folder);
  if (certificate.status !== 0) throw new Error(`No certificate could be made:\n${certificate.output}`);
}

/** The results of the tests by title; several can have the same. */
function runTests(folder) {
  const args = ['node_modules/mocha/bin/mocha.js', '--require', 'test/support/env', '--check-leaks', '--exit'];
  const report = join(folder, 'report.json');
  const { output } = run(
    process.execPath,
    [...args, '--reporter', 'json', '--reporter-option', `output=${report}`, 'test/'],
    folder,
    { ...process.env, NODE_ENV: 'test' },
  );
  if (!existsSync(report)) throw new Error(`The tests did not run:\n${output}`);
  return JSON.parse(readFileSync(report, 'utf8'));
}

function compare({ passes, failures }, intended) {
  const problems = failures
    .filter(({ fullTitle }) => !intended.includes(fullTitle))
    .map(({ fullTitle, err }) => `Fails: ${fullTitle}\n  ${err.message}`);
  for (const title of intended) {
    if (failures.some(({ fullTitle }) => fullTitle === title)) continue;
    const what = passes.some(({ fullTitle }) => fullTitle === title)
      ? 'Passes, but is listed'
      : 'Is listed, but is no test';
    problems.push(`${what} in ${DOCUMENT}: ${title}`);
  }
  return problems;
}

const checkout = process.argv[2] ?? process.env.EXPRESS_SESSION_CHECKOUT;
if (checkout === undefined || !existsSync(join(checkout, 'test/session.js'))) {
  console.error(HELP);
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'express-session-'));
try {
  prepare(checkout, folder);
  const report = runTests(folder);
  const intended = intendedFailures();
  const problems = compare(report, intended);
  for (const problem of problems) console.error(problem);
  const { passes, failures } = report.stats;
  console.log(
    `express-session ${VERSION}: ${passes} passed, ${failures} failed, ${intended.length} of them by intention`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
