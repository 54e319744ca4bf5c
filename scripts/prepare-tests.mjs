// Makes sure that the programs which the tests start are there; on Debian and as root, by installing them.
import { spawnSync } from 'node:child_process';
import { programs } from './programs.mjs';

const needed = [
  { title: 'Redis 7 or newer', find: programs.redisServer, debian: 'redis-server', variable: 'REDIS_SERVER' },
  {
    title: 'Chromium or Chrome',
    find: programs.chromium,
    debian: 'chromium',
    // Without windows, it takes a third less of the processor. Not every release has it.
    lighter: 'chromium-headless-shell',
    variable: 'CHROMIUM_PATH',
  },
  { title: 'OpenSSL', find: programs.openssl, debian: 'openssl', variable: 'OPENSSL' },
  { title: 'curl', find: programs.curl, debian: 'curl', variable: 'CURL' },
  { title: 'bash', find: programs.bash, debian: 'bash', variable: 'BASH_PROGRAM' },
];

const missing = () => needed.filter(({ find }) => find() === undefined);

function apt(...args) {
  const env = {
    ...process.env,
    DEBIAN_FRONTEND: 'noninteractive',
    // Debian starts a Redis on its usual port when it installs one, unless the machine is in single-user mode.
    RUNLEVEL: '1',
  };
  return spawnSync('apt-get', args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
}

const isAvailable = (name) => spawnSync('apt-cache', ['show', name]).status === 0;

const wanted = missing();
const misnamed = wanted.find(({ variable }) => process.env[variable]);
const canInstall = process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0;

if (wanted.length > 0 && !misnamed && canInstall) {
  apt('update', '-qq');
  const packages = wanted.map(({ debian, lighter }) =>
    lighter !== undefined && isAvailable(lighter) ? lighter : debian,
  );
  apt('install', '-qq', '--yes', '-oDpkg::Use-Pty=0', '--no-install-recommends', ...packages);
}

// What counts is that the programs exist: apt also fails when a service that is not needed does not start.
for (const { title, variable, debian } of missing()) {
  console.error(
    process.env[variable]
      ? `${variable} names no program: set it to the path of ${title}, or unset it.`
      : `The tests need ${title}: install it (on Debian, as root: apt-get install ${debian}), or set ${variable} to its path.`,
  );
  process.exitCode = 1;
}
