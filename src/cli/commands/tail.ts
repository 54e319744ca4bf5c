import { contextOf, type SessionFactory } from '../../factory.ts';
import type { SessionStore, SessionWatcher } from '../../stores/store.ts';
import { EXIT, RefusedError, type Command, type ExitCode } from '../command.ts';
import { time } from '../session-view.ts';

export const tail: Command = {
  name: 'tail',
  summary: 'Print how sessions end, in any process, as it happens, until Ctrl+C',
  details:
    'It shows ends and rotations, which is what processes publish if they set redis.publishEnds; logins and other events\n' +
    'stay in their process. What has expired is shown only when something meets it.',
  examples: ['tail', 'tail --json | grep id-reuse'],
  async run({ options, open, terminal, interrupted }): Promise<ExitCode> {
    const { factory } = await open({ ...options, 'publish-ends': options['factory'] === undefined });
    const watcher = await watcherOf(factory);
    // A store that cannot be reached is an error now, and something to wait for later.
    await watcher.now();
    const stop = watcher.watchEnds({
      ended(handles, reason) {
        for (const handle of handles) print('ended', handle, { reason }, reason);
      },
      rekeyed: (handle, successor) => print('rotated', handle, { successor }, successor),
      resumed: () => terminal.note('Listening.'),
      failed: (error) => terminal.error(error instanceof Error ? error.message : String(error)),
    });
    function print(event: string, handle: string, more: object, text: string): void {
      const at = new Date();
      terminal.object({ at, event, handle, ...more });
      terminal.line(`${time(at)}  ${event.padEnd(7)}  ${handle}  ${text}`);
    }
    await interrupted();
    stop();
    return EXIT.ok;
  },
};

async function watcherOf(factory: SessionFactory): Promise<SessionStore & SessionWatcher> {
  const store = await contextOf(factory).storeFor(undefined);
  if ('watchEnds' in store) return store as SessionStore & SessionWatcher;
  throw new RefusedError('The store does not report how sessions end: only Redis does');
}
