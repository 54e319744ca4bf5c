import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { describe, onTestFinished, test } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FRAMEWORKS, withSite, type Middleware, type Respond } from './support/site.ts';

const context = new AsyncLocalStorage<string>();

/** Middleware in front that records in which context it is called. */
function recorder(seen: unknown[]): Middleware {
  return (_req, res, next) => {
    for (const name of ['write', 'end'] as const) {
      const below = res[name] as (...args: unknown[]) => unknown;
      res[name] = function (this: ServerResponse, ...args: unknown[]) {
        seen.push(`${name} ${context.getStore()}`);
        return Reflect.apply(below, this, args);
      } as never;
    }
    next();
  };
}

describe.each(FRAMEWORKS)('%s: calls that wait for a commit', (framework) => {
  const calls =
    (seen: unknown[]): Respond =>
    (_req, res) => {
      const note = (name: string) => (): void => void seen.push(`${name} called back in ${context.getStore()}`);
      context.run('first', () => res.write('one ', note('first')));
      context.run('second', () => res.write('two ', note('second')));
      context.run('third', () => res.end('three'));
    };

  test('run in the context of their own callers', async () => {
    const seen: unknown[] = [];
    await withSite(
      framework,
      { respond: calls([]), front: [recorder(seen)], use: (session) => session.set('a', 1) },
      async (site) => {
        assert.equal((await site.ask()).body.toString(), 'one two three');
        assert.deepEqual(seen, ['write first', 'write second', 'end third']);
      },
    );
  });

  test('have their callbacks run there when the store fails', async () => {
    const seen: unknown[] = [];
    await withSite(framework, { respond: calls(seen), use: (session) => session.set('a', 1) }, async (site) => {
      const write = site.gate.hold();
      const answering = site.ask();
      await write.reached;
      write.fail();
      assert.equal((await answering).status, 503);
      await waitFor('the callbacks', () => seen.length === 2);
      assert.deepEqual(seen, ['first called back in first', 'second called back in second']);
    });
  });

  test('of which many have callbacks need no more than one listener when the store fails', async () => {
    let called = 0;
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warn);
    onTestFinished(() => void process.off('warning', warn));
    const respond: Respond = (_req, res) => {
      for (let i = 0; i < 20; i++) res.write(`${i} `, () => called++);
      res.end();
    };
    await withSite(framework, { respond, use: (session) => session.set('a', 1) }, async (site) => {
      const write = site.gate.hold();
      const answering = site.ask();
      await write.reached;
      write.fail();
      assert.equal((await answering).status, 503);
      await waitFor('the callbacks', () => called === 20);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(warnings, []);
    });
  });
});
