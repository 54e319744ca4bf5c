import { contextOf, type SessionFactory } from '../../factory.ts';
import { RedisStore, type RedisInspection } from '../../stores/redis/store.ts';
import { EXIT, RefusedError, type Command, type ExitCode } from '../command.ts';
import { examine, type Finding, type Status } from '../doctor/checks.ts';
import { collectFacts } from '../doctor/facts.ts';
import type { ExtraOption, Usage, UsedChannel } from '../doctor/permissions.ts';
import { trySubscription, type TriedSubscription } from '../doctor/subscriptions.ts';
import type { Style, Terminal } from '../terminal.ts';

const STYLES: Readonly<Record<Status, Style>> = { ok: 'green', warning: 'yellow', problem: 'red', unknown: 'dim' };

export const doctor: Command = {
  name: 'doctor',
  summary: 'Find out whether Redis is set up for sessions, and what to do about what is not',
  details:
    'Changes nothing. Run it with the user of the application to see what that user may do, and with one that may also\n' +
    'run INFO, CONFIG GET and ACL for everything else. Exits with 1 if there is a problem.',
  options: {
    strict: { type: 'boolean', description: 'exit with 1 for warnings and unknowns, too' },
    audit: { type: 'boolean', description: 'also look at what the option audit needs' },
    stats: { type: 'boolean', description: 'also look at what the option stats needs' },
    'publish-events': { type: 'boolean', description: 'also look at what stats.publishEvents needs' },
  },
  examples: [
    'doctor',
    'doctor --redis redis://localhost:6379 --audit --stats --publish-ends',
    'doctor --factory ./sessions.mjs --json',
  ],
  async run({ open, options, terminal }): Promise<ExitCode> {
    const { factory } = await open({
      ...options,
      'read-audit': options['audit'] === true,
      'read-stats': options['stats'] === true,
      'watch-events': options['publish-events'] === true,
    });
    const store = await storeOf(factory);
    const inspection = await store.inspect();
    const usage = usageOf(factory, inspection);
    const findings = examine(await collectFacts(inspection, usage, await subscribe(store, usage)));
    for (const finding of findings) printFinding(finding, inspection.servers.length > 1, terminal);
    const count = (status: Status): number => findings.filter((finding) => finding.status === status).length;
    const [problems, warnings, unknown] = [count('problem'), count('warning'), count('unknown')];
    terminal.line(`\n${problems} problems, ${warnings} warnings, ${unknown} unknown.`);
    return problems > 0 || (options['strict'] === true && warnings + unknown > 0) ? EXIT.refused : EXIT.ok;
  },
};

const EXTRA_OPTIONS: readonly ExtraOption[] = ['audit', 'stats'];

const PUBLISH_ENDS = 'redis.publishEnds';

/** Returns what the options of a factory use of a server. */
function usageOf(factory: SessionFactory, { prefix, endChannel, eventChannel }: RedisInspection): Usage {
  const { config } = contextOf(factory);
  const channels: UsedChannel[] = [];
  if (endChannel !== null) channels.push({ name: endChannel, option: PUBLISH_ENDS });
  if (config.stats?.publishEvents === true) channels.push({ name: eventChannel, option: 'stats.publishEvents' });
  return { prefix, options: EXTRA_OPTIONS.filter((option) => config[option] !== null), channels };
}

async function subscribe(store: RedisStore, { channels }: Usage): Promise<TriedSubscription[]> {
  return await Promise.all(
    channels.map((channel) =>
      trySubscription(channel, (listener) =>
        channel.option === PUBLISH_ENDS
          ? store.watchEnds({ ended: () => {}, rekeyed: () => {}, ...listener })
          : store.watchEvents({ happened: () => {}, ...listener }),
      ),
    ),
  );
}

async function storeOf(factory: SessionFactory): Promise<RedisStore> {
  const store: unknown = await contextOf(factory).storeFor(undefined);
  if (store instanceof RedisStore) return store;
  throw new RefusedError('The sessions are not in Redis, so there is nothing that the doctor could look at');
}

function printFinding(
  { check, status, message, advice, servers }: Finding,
  several: boolean,
  terminal: Terminal,
): void {
  terminal.object({ check, status, message, advice: advice ?? null, servers });
  const where = several ? ` (${servers.join(', ')})` : '';
  terminal.line(`${terminal.style(STYLES[status], status.padEnd(7))}  ${check.padEnd(11)}  ${message}${where}`);
  if (advice !== undefined) terminal.line(`${' '.repeat(22)}${advice}`);
}
