// A test runner for StrykerJS, because the one for Vitest starts a worker and loads all modules again for each mutant:
// hours for what takes minutes here. The quick tests run in this process, by Vitest's own runner, on modules that are
// loaded once; only test files are loaded again, because they keep stores and factories. Node strips their types.
import { globSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sourceModules } from '../public-modules.mjs';

/** Quick tests that need nothing but this process; those that find most in the least time come first. */
const QUICK = [
  'test/unit/engine/*.test.ts',
  'test/contract/consistency/{memory,failing-store,slow-store}.test.ts',
  'test/unit/**/*.test.ts',
  'test/docs/{events,session}.test.ts',
  'test/contract/adapters/fetch.test.ts',
  'test/adapters/{fetch,node}.test.ts',
  'test/compat/express-session/{owner,grant,writes,late-changes,session-object,lifetimes,upgrade}.test.ts',
  'test/model/memory.mutation.ts',
];
/** These take seconds for what the others cover, too, or need modules of their own. */
const LEFT_OUT = [
  'test/unit/redis/**',
  'test/unit/{cookie-verifier,default-id,factory-options,ignore,json,primitives,rich,rotation-chain,set-refusals,settings}.test.ts',
];

/** Tests of the others that take long, and find little that faster ones do not. */
const SLOW = [
  'at most 65536 fields',
  'expired: with the time at which',
  '10,000 watches',
  'every id of 128 random bits',
  'takes time in proportion',
  'the grace of a rotation ends',
  'past a shortened limit',
];
const NOT_SLOW = new RegExp(`^(?!.*(?:${SLOW.join('|')}))`);

/** Public names are those of the sources. */
function resolveToSources() {
  registerHooks({
    resolve(specifier, context, next) {
      const source = sourceModules.get(specifier);
      return next(source === undefined ? specifier : pathToFileURL(resolve(source)).href, context);
    },
  });
}

/** What Vitest's modules read of the worker in which they otherwise run. */
const CONFIG = {
  root: process.cwd(),
  name: '',
  setupFiles: [],
  sequence: { shuffle: false, concurrent: false, hooks: 'stack', setupFiles: 'list', seed: 1 },
  maxConcurrency: 1,
  testTimeout: 5000,
  hookTimeout: 5000,
  allowOnly: true,
  passWithNoTests: true,
  retry: 0,
  tags: [],
  expect: {},
  fakeTimers: {
    toFake: [
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
      'setImmediate',
      'clearImmediate',
      'Date',
      'performance',
    ],
  },
  snapshotOptions: { expand: false },
};

/** Runs the tests of one file; after the first that fails, no other. */
class Runner {
  config;
  failed = false;
  #bail;
  #onTest;
  #load;

  constructor(load, { bail, testNamePattern, onTest }) {
    this.config = { ...CONFIG, testNamePattern };
    this.#load = load;
    this.#bail = bail;
    this.#onTest = onTest;
  }

  importFile(path) {
    return this.#load(path);
  }

  onBeforeRunSuite(suite) {
    if (this.failed && this.#bail) suite.mode = 'skip';
  }

  onBeforeRunTask(test) {
    if (this.failed && this.#bail) test.mode = 'skip';
    globalThis.__vitest_worker__.current = test;
  }

  onBeforeTryTask(test) {
    this.#onTest(test);
  }

  onAfterRunTask(test) {
    this.#onTest(undefined);
    if (test.result?.state === 'fail') this.failed = true;
  }

  onAfterRunSuite(suite) {
    if (suite.result?.state === 'fail') this.failed = true;
  }
}

function nameOf(test) {
  const names = [];
  for (let task = test; task !== undefined; task = task.suite) names.unshift(task.name);
  return `${relative(process.cwd(), test.file.filepath)}#${names.join(' ')}`;
}

function* testsIn(suite) {
  for (const task of suite.tasks) {
    if (task.type === 'suite') yield* testsIn(task);
    else yield task;
  }
}

class InProcessTestRunner {
  #files;
  #startTests;
  #loads = 0;
  /** What no test has caught. */
  #stray = [];
  #stryker = (globalThis.__stryker__ ??= {});

  /** What a test file makes when it is loaded is made again for each mutant; what the sources make is made once. */
  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    process.env.NODE_ENV = 'test';
    process.env.VITEST = 'true';
    resolveToSources();
    const leftOut = new Set(globSync(LEFT_OUT));
    const quick = new Set(QUICK.flatMap((pattern) => globSync(pattern).toSorted()));
    this.#files = [...quick.difference(leftOut)];
    globalThis.__vitest_worker__ = {
      config: CONFIG,
      environment: { name: 'node' },
      ctx: { pool: 'forks' },
      metaEnv: process.env,
      providedContext: {},
      durations: {},
    };
    const { startTests } = await import('@vitest/runner');
    this.#startTests = startTests;
    for (const event of ['unhandledRejection', 'uncaughtException']) {
      process.on(event, (error) => this.#stray.push(error));
    }
  }

  async dryRun() {
    const first = await this.#run({ files: this.#files, bail: false });
    const { mutantCoverage } = this.#stryker;
    // What fails the second time would fail for every mutant.
    const second = await this.#run({ files: this.#files, bail: false });
    if (second.error !== undefined) return { status: 'error', errorMessage: second.error };
    const tests = first.tests.map((test, i) => {
      const again = second.tests[i];
      return { ...(test.status === 1 ? test : again), timeSpentMs: test.timeSpentMs + again.timeSpentMs };
    });
    return { status: 'complete', tests, mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }) {
    Object.assign(this.#stryker, {
      activeMutant: activeMutant.id,
      hitCount: hitLimit === undefined ? undefined : 0,
      hitLimit,
    });
    const chosen = testFilter === undefined ? undefined : new Set(testFilter);
    const files = this.#files.filter(
      (file) => chosen === undefined || testFilter.some((id) => id.startsWith(`${file}#`)),
    );
    const { tests, error } = await this.#run({ files, chosen, bail: true });
    const { hitCount = 0 } = this.#stryker;
    this.#stryker.activeMutant = undefined;
    if (hitLimit !== undefined && hitCount > hitLimit) return { status: 'timeout', reason: 'hit limit' };
    const failed = tests.filter(({ status }) => status === 1);
    const nrOfTests = tests.length;
    if (failed.length > 0) {
      return {
        status: 'killed',
        killedBy: failed.map(({ id }) => id),
        failureMessage: failed[0].failureMessage,
        nrOfTests,
      };
    }
    if (error !== undefined) return { status: 'killed', killedBy: [], failureMessage: error, nrOfTests };
    return { status: 'survived', nrOfTests };
  }

  async #run({ files, chosen, bail }) {
    this.#stray.length = 0;
    const tests = [];
    let error;
    for (const file of files) {
      const load = (path) => import(`${pathToFileURL(path).href}?load=${++this.#loads}`);
      const onTest = (test) => (this.#stryker.currentTestId = test === undefined ? undefined : nameOf(test));
      const names =
        chosen && [...chosen].filter((id) => id.startsWith(`${file}#`)).map((id) => id.slice(file.length + 1));
      const testNamePattern = names ? new RegExp(`^(?:${names.map(RegExp.escape).join('|')})$`) : NOT_SLOW;
      const runner = new Runner(load, { bail, testNamePattern, onTest });
      const [suite] = await this.#startTests([{ filepath: resolve(file) }], runner);
      for (const test of testsIn(suite)) {
        if (test.result === undefined || test.mode === 'skip') continue;
        const id = nameOf(test);
        const result = { id, name: id, fileName: file, timeSpentMs: test.result.duration ?? 0, status: 0 };
        if (test.result.state === 'fail') {
          Object.assign(result, { status: 1, failureMessage: test.result.errors?.[0]?.message ?? 'failed' });
        }
        tests.push(result);
      }
      const failure = suite.result?.errors?.[0] ?? this.#stray[0];
      if (failure !== undefined) error = `${file}: ${failure?.stack ?? failure}`;
      if (bail && (runner.failed || error !== undefined)) break;
    }
    return { tests, error };
  }
}

/** Messages say what to do; tests ask for what decides: the class, the code, and the option that is named. */
const MESSAGE_AT = {
  SessionError: 1,
  TypeError: 0,
  AsyncSchemaError: 0,
  UnreadableField: 0,
  expected: 1,
  rule: 1,
  headersSent: 0,
};

const messages = {
  shouldIgnore({ node, parentPath, listKey, key }) {
    if (listKey !== 'arguments' || !/^(?:StringLiteral|TemplateLiteral|BinaryExpression)$/.test(node.type))
      return undefined;
    return MESSAGE_AT[parentPath.node.callee.name] === key ? 'the message of an error' : undefined;
  },
};

const createRunner = () => new InProcessTestRunner();
createRunner.inject = [];

export const strykerPlugins = [
  { kind: 'TestRunner', name: 'in-process', factory: createRunner },
  { kind: 'Ignore', name: 'messages', value: messages },
];
