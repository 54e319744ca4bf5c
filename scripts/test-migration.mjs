// Migrates live sessions of express-session in every order in which two servers can be replaced, each server in a process
// of its own, under load. Takes the users of each order as an argument. Default 625: with eight orders, 5,000 users.
//
//   npm run test:migration
//   npm run test:migration -- 5000
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const users = process.argv[2] ?? '625';
if (!/^[1-9]\d{0,5}$/.test(users)) {
  console.error(`Expected the number of users, got ${users}.`);
  process.exit(2);
}
const { NODE_ENV: _, ...env } = process.env;
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', 'test/compat/migrate/rolling.test.ts', '--disable-console-intercept'],
  {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...env, MIGRATION_USERS: users, MIGRATION_SERVERS: 'processes' },
    stdio: ['ignore', 'inherit', 'inherit'],
  },
);
process.exitCode = status ?? 1;
