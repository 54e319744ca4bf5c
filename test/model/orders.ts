/** What a turn does to what requests share. */
export type Access = 'none' | 'read' | 'write';

/** A way to go on. */
export interface Way {
  readonly name: string;
  /** Whose turn it would be; `null` for what has nothing in common with no other, such as time that passes. */
  readonly actor: number | null;
}

/** Decides which way to go on. */
export interface Course {
  /** Returns the place of the way to take; `null` to stop, because all that could follow is known. */
  choose(ways: readonly Way[]): number | null;
  /** What was chosen has had its turn. */
  took(access: Access): void;
}

/** A course whose places are known. After the last one, always the first way. */
export class GivenOrder implements Course {
  readonly #places: readonly number[];
  #turns = 0;

  constructor(places: readonly number[]) {
    this.#places = places;
  }

  choose(ways: readonly Way[]): number {
    return (this.#places[this.#turns] ?? 0) % ways.length;
  }

  took(): void {
    this.#turns++;
  }
}

interface Turn {
  readonly ways: readonly Way[];
  /** Ways whose orders are known, since the turns after which they were tried have nothing in common with them. */
  readonly known: ReadonlyMap<string, Access>;
  /** Ways that were tried here. */
  readonly tried: Map<string, Access>;
  chosen: Way;
  access: Access;
}

/**
 * Every order of the turns of something that can be repeated. Two turns of different actors that only read, or of which one
 * accesses nothing, lead to the same in both orders: one of these is tried ("sleep sets": P. Godefroid, Partial-Order Methods
 * for the Verification of Concurrent Systems, 1996).
 */
export class EveryOrder implements Course {
  readonly #turns: Turn[] = [];
  #next = 0;

  choose(ways: readonly Way[]): number | null {
    const repeated = this.#turns[this.#next];
    if (repeated !== undefined) {
      const place = ways.findIndex(({ name }) => name === repeated.chosen.name);
      if (place === -1)
        throw new Error(`What is repeated takes another course: ${repeated.chosen.name} is no way to go on`);
      return place;
    }
    const known = this.#knownNext();
    const place = ways.findIndex(({ name }) => !known.has(name));
    if (place === -1) return null;
    this.#turns.push({ ways, known, tried: new Map(), chosen: ways[place]!, access: 'write' });
    return place;
  }

  took(access: Access): void {
    this.#turns[this.#next++]!.access = access;
  }

  /** Goes on to the next order. Returns whether there is one. */
  advance(): boolean {
    this.#next = 0;
    for (let last = this.#turns.at(-1); last !== undefined; last = this.#turns.at(-1)) {
      const { ways, known, tried, chosen, access } = last;
      tried.set(chosen.name, access);
      const next = ways.find(({ name }) => !tried.has(name) && !known.has(name));
      if (next !== undefined) {
        last.chosen = next;
        return true;
      }
      this.#turns.pop();
    }
    return false;
  }

  /** The places of this order, for a `GivenOrder`. */
  get places(): number[] {
    return this.#turns.map(({ ways, chosen }) => ways.indexOf(chosen));
  }

  /** The ways that need not be tried after the last turn. */
  #knownNext(): ReadonlyMap<string, Access> {
    const last = this.#turns.at(-1);
    if (last === undefined) return new Map();
    const earlier = [...last.known, ...last.tried];
    return new Map(earlier.filter(([name, access]) => isIndependent(last, name, access)));
  }
}

function isIndependent({ ways, chosen, access }: Turn, name: string, other: Access): boolean {
  const { actor } = ways.find((way) => way.name === name)!;
  if (actor === null || chosen.actor === null || actor === chosen.actor) return false;
  return access === 'none' || other === 'none' || (access === 'read' && other === 'read');
}
