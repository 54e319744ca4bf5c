import type { Socket } from 'node:net';
import type { Arena } from './arena.ts';
import type { Browser } from './browser.ts';
import type { Commands } from './command-count.ts';
import type { Contestant, ContestantName } from './contestant.ts';

export const REQUESTS = 40;

export interface RaceResult {
  readonly name: ContestantName;
  /** The numbers of the requests whose change is in the session. */
  readonly kept: ReadonlySet<number>;
  /** What the requests sent to the store. */
  readonly commands: readonly Commands[];
  readonly milliseconds: number;
}

export interface Race {
  /** Whether all requests had the session before the first of them changed it. */
  readonly overlapping: boolean;
  readonly results: readonly RaceResult[];
}

const NUMBERS = Array.from({ length: REQUESTS }, (_, index) => index + 1);

/** Forty requests at once to each application, each of which changes another field of the same session. */
export async function runRace(arena: Arena, socket: Socket, overlapping: boolean): Promise<Race> {
  return await arena.exclusively(async () => {
    const results: RaceResult[] = [];
    for (const contestant of arena.contestants) {
      results.push(await runAlone(arena, contestant, arena.browse(contestant, socket), overlapping));
    }
    return { overlapping, results };
  });
}

async function runAlone(
  arena: Arena,
  contestant: Contestant,
  browser: Browser,
  overlapping: boolean,
): Promise<RaceResult> {
  await warmUp(browser);
  contestant.commands.take();
  const start = performance.now();
  await change(arena, browser, overlapping);
  const milliseconds = performance.now() - start;
  const commands = contestant.commands.take();
  const { items } = await browser.read();
  await browser.post('/log-out');
  return {
    name: contestant.name,
    kept: new Set(NUMBERS.filter((n) => items.includes(`item${n}`))),
    commands,
    milliseconds,
  };
}

/** A first round, so that neither pays for what is done once: connections, compilation, scripts that Redis does not know. */
async function warmUp(browser: Browser): Promise<void> {
  await browser.post('/log-in');
  await Promise.all(NUMBERS.map(() => browser.post('/items/first')));
}

async function change({ gates }: Arena, browser: Browser, overlapping: boolean): Promise<void> {
  const gate = gates.add();
  if (!overlapping) gates.open(gate);
  const requests = Promise.all(NUMBERS.map((n) => browser.post(`/items/item${n}`, gate)));
  try {
    // A request that fails is never held.
    await Promise.race([gate.whenHeld(REQUESTS), requests]);
  } finally {
    gates.open(gate);
  }
  await requests;
}
