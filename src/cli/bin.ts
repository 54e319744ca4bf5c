#!/usr/bin/env node
import { main } from './main.ts';

const { stdin, stdout, stderr, env } = process;
// The reader of a pipe may have enough, as `head` has.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
const code = await main(process.argv.slice(2), { stdin, stdout, stderr, env, interrupted });
// A client that the application has opened in its module would keep the process alive.
stdout.write('', () => stderr.write('', () => process.exit(code)));
