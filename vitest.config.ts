import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import manifest from './package.json' with { type: 'json' };

// Tests import the package by its public names and run its sources, so that a test can reach nothing
// which is not exported and needs no build.
const alias = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === 'string'
    ? []
    : {
        find: new RegExp(`^${manifest.name}${subpath.slice(1)}$`),
        replacement: fileURLToPath(
          new URL(target.default.replace('./dist/', './src/').replace(/\.js$/, '.ts'), import.meta.url),
        ),
      },
);

/** Files that take long, so that none of them is left alone at the end. */
const LONG = ['test/model/', 'test/browser/', 'test/faults/', 'test/integration/faults/', 'test/cluster/'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = LONG.findIndex((folder) => moduleId.includes(folder));
      return found === -1 ? LONG.length : found;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- the method of the class
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

/** Tests that leave their process as they found it share one: to start and to fill another costs more than most of them. */
const SHARED = [
  // `primitives` replaces functions of Node before the library takes them.
  'test/unit/**/!(primitives).test.ts',
  'test/compat/**/*.test.ts',
  'test/docs/**/*.test.ts',
  'test/contract/{stores,consistency}/**/*.test.ts',
  'test/integration/hostile/**/*.test.ts',
];

/** They share one browser for each process: see `test/browser/chromium.ts`. */
const BROWSER = ['test/browser/**/*.test.ts'];

export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      { extends: true, test: { name: 'shared', include: SHARED, isolate: false } },
      {
        extends: true,
        // A browser on a busy machine takes its time.
        test: { name: 'browser', include: BROWSER, isolate: false, testTimeout: 90_000, hookTimeout: 60_000 },
      },
      { extends: true, test: { name: 'isolated', include: ['test/**/*.test.ts'], exclude: [...SHARED, ...BROWSER] } },
    ],
    pool: 'forks',
    // One more than there are processors: many files wait for servers that are down.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    // Of `npm run test:coverage`.
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // Contracts for tests, and what its tests run as a program of its own.
      exclude: ['src/**/*.generated.ts', 'src/testing/**', 'src/cli/**'],
      reporter: ['text-summary', 'json-summary', 'json'],
      thresholds: {
        branches: 97,
        'src/compat/**': { branches: 98 },
        'src/stores/redis/**': { branches: 97 },
        'src/{admin,cookie,crypto,engine,internal,options,serializers,session,stores/memory}/**': { branches: 98 },
        'src/adapters/**': { branches: 97 },
        'src/{dashboard,otel}/**': { branches: 96 },
      },
    },
  },
});
