/** What a turn does to what requests share. */
export type Access = 'none' | 'read' | 'write';

/** Something that can have the next turn. */
export interface Choice {
  readonly name: string;
  /** Whose turn it would be; `null` for what depends on every other turn, such as time that passes. */
  readonly actor: number | null;
}

/** Decides what has the next turn. */
export interface Schedule {
  /** Returns the index of a choice; `null` to stop, because all that could follow was tried in another order. */
  choose(choices: readonly Choice[]): number | null;
  /** What was chosen has had its turn. */
  took(access: Access): void;
}

/** An order that is given by indexes. After the last one, always the first choice. */
export class GivenOrder implements Schedule {
  readonly #indexes: readonly number[];
  #turns = 0;

  constructor(indexes: readonly number[]) {
    this.#indexes = indexes;
  }

  choose(choices: readonly Choice[]): number {
    return (this.#indexes[this.#turns] ?? 0) % choices.length;
  }

  took(): void {
    this.#turns++;
  }
}

interface Turn {
  readonly choices: readonly Choice[];
  /** Choices that were tried before a turn on which they do not depend: what would follow is known. */
  readonly asleep: ReadonlyMap<string, Access>;
  /** Choices that were tried here. */
  readonly tried: Map<string, Access>;
  chosen: Choice;
  access: Access;
}

/**
 * Every order of the turns of something that can be repeated, except for orders that lead to the same. Two turns of
 * different actors that only read, or of which one accesses nothing, do not depend on each other: one of their two orders is
 * tried ("sleep sets": P. Godefroid, Partial-Order Methods for the Verification of Concurrent Systems, 1996).
 */
export class DistinctOrders implements Schedule {
  readonly #turns: Turn[] = [];
  #next = 0;

  choose(choices: readonly Choice[]): number | null {
    const repeated = this.#turns[this.#next];
    if (repeated !== undefined) {
      const index = choices.findIndex(({ name }) => name === repeated.chosen.name);
      if (index === -1)
        throw new Error(`What is repeated goes another way: ${repeated.chosen.name} cannot have the next turn`);
      return index;
    }
    const asleep = this.#asleepNext();
    const index = choices.findIndex(({ name }) => !asleep.has(name));
    if (index === -1) return null;
    this.#turns.push({ choices, asleep, tried: new Map(), chosen: choices[index]!, access: 'write' });
    return index;
  }

  took(access: Access): void {
    this.#turns[this.#next++]!.access = access;
  }

  /** Goes on to the next order. Returns whether there is one. */
  advance(): boolean {
    this.#next = 0;
    for (let last = this.#turns.at(-1); last !== undefined; last = this.#turns.at(-1)) {
      const { choices, asleep, tried, chosen, access } = last;
      tried.set(chosen.name, access);
      const next = choices.find(({ name }) => !tried.has(name) && !asleep.has(name));
      if (next !== undefined) {
        last.chosen = next;
        return true;
      }
      this.#turns.pop();
    }
    return false;
  }

  /** The indexes of this order, for a `GivenOrder`. */
  get indexes(): number[] {
    return this.#turns.map(({ choices, chosen }) => choices.indexOf(chosen));
  }

  /** The choices that are asleep after the last turn. */
  #asleepNext(): ReadonlyMap<string, Access> {
    const last = this.#turns.at(-1);
    if (last === undefined) return new Map();
    const earlier = [...last.asleep, ...last.tried];
    return new Map(earlier.filter(([name, access]) => isIndependent(last, name, access)));
  }
}

function isIndependent({ choices, chosen, access }: Turn, name: string, other: Access): boolean {
  const { actor } = choices.find((choice) => choice.name === name)!;
  if (actor === null || chosen.actor === null || actor === chosen.actor) return false;
  return access === 'none' || other === 'none' || (access === 'read' && other === 'read');
}
