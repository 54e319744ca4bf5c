// The Redis and Valkey servers that Debian's unstable and experimental suites have in source form: newer than what a
// stable Debian installs. They are built with TLS and kept in .servers/, each in a folder of its name and version.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SUITES = ['sid', 'experimental'];
const SOURCES = ['redis', 'valkey'];
/** What builds and tests a server. */
const TOOLS = ['build-essential', 'debian-archive-keyring', 'dpkg-dev', 'libssl-dev', 'openssl', 'pkg-config'];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

const cache = fileURLToPath(new URL('../.servers', import.meta.url));

function run(command, args, cwd = cache) {
  // Debian may start what it installs, unless the machine is in single-user mode.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1', LC_ALL: 'C' };
  const result = spawnSync(command, args, { cwd, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (result.status === 0) return result.stdout;
  const words = result.error?.message ?? `${result.stdout}${result.stderr}`.slice(-5000).trim();
  throw new Error(`${command} ${args.join(' ')}\nfailed: ${words}`);
}

/** The servers that are built: by name, such as `redis-8.6.3-1`, with the path of the program. */
function built() {
  return readdirSync(cache)
    .filter((name) => existsSync(join(cache, name, programOf(name))))
    .map((name) => ({ name, program: join(cache, name, programOf(name)) }));
}

function programOf(name) {
  return `${name.split('-')[0]}-server`;
}

function installTools() {
  const { stdout } = spawnSync('dpkg-query', ['--show', '--showformat=${db:Status-Status}\n', ...TOOLS], {
    encoding: 'utf8',
  });
  if (stdout.split('\n').filter((status) => status === 'installed').length === TOOLS.length) return;
  run('apt-get', ['update', '-qq']);
  run('apt-get', ['install', '-qq', '--yes', '-oDpkg::Use-Pty=0', '--no-install-recommends', '--no-upgrade', ...TOOLS]);
}

/** Where this machine gets Debian from. */
function mirror() {
  const format = '$(ORIGIN) $(CODENAME) $(REPO_URI)';
  const find = () => {
    const targets = run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']).split('\n');
    // Neither security nor updates, which have a hyphen.
    return targets.map((target) => /^Debian [a-z]+ (\S+)$/.exec(target)?.[1]).find(Boolean);
  };
  let uri = find();
  if (uri === undefined) {
    run('apt-get', ['update', '-qq']);
    uri = find();
  }
  if (uri === undefined) throw new Error('The machine does not install from Debian.');
  return uri;
}

/** Options by which apt sees the sources of the newer suites and nothing else, and leaves the machine's lists alone. */
function newerSuites() {
  const folder = join(cache, 'apt');
  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  const uri = mirror();
  const list = join(folder, 'sources.list');
  writeFileSync(list, SUITES.map((suite) => `deb-src [signed-by=${KEYRING}] ${uri} ${suite} main\n`).join(''));
  const settings = {
    'Dir::Etc::SourceList': list,
    'Dir::Etc::SourceParts': '-',
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::Cache': folder,
    // Its other user may not see this folder.
    'APT::Sandbox::User': 'root',
  };
  const options = Object.entries(settings).map(([name, value]) => `-o${name}=${value}`);
  run('apt-get', [...options, '-qq', 'update']);
  return options;
}

/** The versions that Debian has now, as `{ name: 'redis-8.6.3-1', source: 'redis=5:8.6.3-1' }`. */
function offered(options) {
  return SOURCES.flatMap((source) => {
    const text = run('apt-cache', [...options, '--only-source', 'showsrc', source]);
    const versions = new Set(Array.from(text.matchAll(/^Version: (\S+)$/gm), ([, version]) => version));
    // A colon ends the epoch.
    return Array.from(versions, (version) => ({
      name: `${source}-${version.replace(/^\d+:/, '')}`,
      source: `${source}=${version}`,
    }));
  });
}

function build({ name, source }, options) {
  console.error(`Building ${name} ...`);
  const folder = mkdtempSync(join(cache, 'build-'));
  try {
    run('apt-get', [...options, '-qq', '--only-source', 'source', source], folder);
    const tree = readdirSync(folder, { withFileTypes: true }).find((entry) => entry.isDirectory());
    const sources = join(folder, tree.name, 'src');
    const program = programOf(name);
    run('make', [`-j${availableParallelism()}`, 'BUILD_TLS=yes', program], sources);
    const ready = join(folder, 'ready');
    mkdirSync(ready);
    renameSync(join(sources, program), join(ready, program));
    renameSync(ready, join(cache, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Builds the servers that are missing and returns all that Debian has now, or those that were built before where
 * Debian cannot be asked. Of those, the ones whose name begins with one of `asked`, if there are any.
 *
 * @throws {Error} When there is none, or one cannot be built.
 */
export function debianServers(asked) {
  mkdirSync(cache, { recursive: true });
  const isWanted = ({ name }) => asked.length === 0 || asked.some((start) => name.startsWith(start));
  let options;
  let wanted;
  try {
    if (process.getuid?.() !== 0) throw new Error('Only root can install what builds a server.');
    installTools();
    options = newerSuites();
    wanted = offered(options).filter(isWanted);
  } catch (error) {
    const before = built().filter(isWanted);
    if (before.length === 0) throw error;
    console.error(`Debian cannot be asked, so these are the servers that were built before.\n${error.message}`);
    return before;
  }
  const names = new Set(wanted.map(({ name }) => name));
  const there = new Set(built().map(({ name }) => name));
  for (const each of wanted) if (!there.has(each.name)) build(each, options);
  return built().filter(({ name }) => names.has(name));
}
