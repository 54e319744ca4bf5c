import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { sourceAliases } from './scripts/public-modules.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));
const SOURCES = join(root, 'src/');
const BUILT = join(root, 'dist/');

/**
 * By default, tests run the sources, so that they need no build. With `--mode=built` they run what was built, which is what
 * users get: Node loads that by itself, and takes less time for it than Vitest for the sources.
 */
const runBuilt: Plugin = {
  name: 'run-built',
  enforce: 'pre',
  async resolveId(source, importer, options) {
    const resolved = await this.resolve(source, importer, { ...options, skipSelf: true });
    if (!resolved?.id.startsWith(SOURCES)) return null;
    return resolved.id.replace(SOURCES, BUILT).replace(/ts$/, 'js');
  },
};

/**
 * The order in which files run. The one that takes longest comes first. Beside it and the checks run those that mostly wait,
 * for servers that are down or time that passes, with the other long ones that compute in between: where all wait at once,
 * nothing is done. Those that keep several processors busy come last.
 */
const ORDER = [
  /^test\/model\/memory/,
  /^test\/(?:cli|cluster|faults)\//,
  /^test\/model\/cluster/,
  /^test\/integration\/faults\//,
  /^test\/model\//,
  /^test\/(?!browser\/)/,
  /^test\/browser\//,
];

class BalancedSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- the method of the class
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number =>
      ORDER.findIndex((pattern) => pattern.test(relative(root, moduleId)));
    // A process ends when the next file is of another project.
    return sorted.toSorted((a, b) => rank(a) - rank(b) || a.project.name.localeCompare(b.project.name));
  }
}

/**
 * Files that need a process of their own, besides `SOURCES_ONLY`. The others leave theirs as they found it and share it: to
 * start and to fill another costs more than most of them.
 */
const ISOLATED = [
  // Each takes a worker of its own for a minute or more.
  'test/model/**/*.test.ts',
  // Count the timers of their process.
  'test/unit/engine/{session-watches,watch}.test.ts',
  // Measures what survives in the heap of a process that does nothing else.
  'test/adapters/garbage.test.ts',
  // Cut connections off so that neither end hears of it, and leave some of them.
  'test/faults/**/*.test.ts',
  'test/integration/redis-clients/demoted-master.test.ts',
  // Clients of ioredis that are closed while they look for their master leave others behind, which look for it for ever.
  'test/integration/redis-clients/ioredis-sentinel-workaround.test.ts',
  // Commands leave clients of the application open, and its servers stop before the process ends.
  'test/cli/{migrate,topologies}.test.ts',
  // Checks warnings that are issued once for each process.
  'test/integration/redis-clients/warnings.test.ts',
];

/**
 * Files that replace modules of the library, load it once more, or have it load a file of TypeScript. Vitest can do that only
 * with modules that it loads itself, so these always run the sources.
 */
const SOURCES_ONLY = [
  'test/unit/{default-id,factory-options,primitives,rich,settings}.test.ts',
  'test/adapters/two-copies.test.ts',
  'test/compat/express-store/from-express-store.test.ts',
];

const REFUSE_MOCKS = 'test/support/refuse-mocks.ts';

/** They share one browser for each process: see `test/browser/chromium.ts`. */
const BROWSER = ['test/browser/**/*.test.ts'];

export default defineConfig(({ mode }) => {
  const plugins = mode === 'built' ? [runBuilt] : [];
  return {
    resolve: { alias: sourceAliases },
    test: {
      projects: [
        {
          extends: true,
          plugins,
          test: {
            name: 'shared',
            include: ['test/**/*.test.ts'],
            exclude: [...ISOLATED, ...SOURCES_ONLY, ...BROWSER],
            isolate: false,
            setupFiles: [REFUSE_MOCKS, 'test/support/fetch-classes.ts'],
          },
        },
        {
          extends: true,
          plugins,
          // Pages load slowly on a busy machine.
          test: {
            name: 'browser',
            include: BROWSER,
            isolate: false,
            setupFiles: [REFUSE_MOCKS],
            testTimeout: 90_000,
            hookTimeout: 60_000,
          },
        },
        { extends: true, plugins, test: { name: 'isolated', include: ISOLATED, setupFiles: [REFUSE_MOCKS] } },
        { extends: true, test: { name: 'sources', include: SOURCES_ONLY } },
      ],
      pool: 'forks',
      // Node loads what was built, and not Vitest.
      server: { deps: { external: [new RegExp(`^${BUILT.replaceAll(/[^\w/]/g, '\\$&')}`)] } },
      // Of V8, in MiB: in the 16 that it takes at most by default, stores with large records collect garbage half of the time.
      // To begin with 16 saves 3 % of the processors' time.
      execArgv: ['--min-semi-space-size=16', '--max-semi-space-size=64'],
      // Two more than there are processors: many files wait for servers that are down.
      maxWorkers: availableParallelism() + 2,
      sequence: { sequencer: BalancedSequencer },
      testTimeout: 30_000,
      hookTimeout: 30_000,
      teardownTimeout: 10_000,
      // Of `npm run test:coverage`.
      coverage: {
        provider: 'v8',
        include: ['src/**/*.ts'],
        // Contracts for tests, and the first lines of the command.
        exclude: ['src/**/*.generated.ts', 'src/testing/**', 'src/cli/bin.ts'],
        reporter: ['text-summary', 'json-summary', 'json'],
        thresholds: {
          branches: 97,
          'src/compat/**': { branches: 98 },
          'src/stores/redis/**': { branches: 97 },
          'src/{admin,cookie,crypto,engine,internal,options,serializers,session,stores/memory}/**': { branches: 98 },
          'src/adapters/**': { branches: 97 },
          'src/{dashboard,otel}/**': { branches: 96 },
          'src/cli/**': { branches: 92 },
        },
      },
    },
  };
});
