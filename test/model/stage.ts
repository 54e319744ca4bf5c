import { createHash } from 'node:crypto';
import {
  createSessionFactory,
  type OwnerIndex,
  type SessionFactory,
  type SessionOptions,
  type SessionStore,
  type LoginIndex,
} from 'websauna-session';
import { encrypted } from 'websauna-session/encrypted';
import type { Model, Operation, Rules } from './model.ts';
import type { Plan } from './plan.ts';

export type Factory = SessionFactory<Record<string, unknown>>;
export type FullStore = SessionStore & OwnerIndex & LoginIndex;

/** Two that work, as two processes of an application do, and one that only looks and is never held up. */
export interface Cast {
  readonly workers: readonly [Factory, Factory];
  readonly observer: Factory;
}

/** A store operation, and what tells it from others that a request has under way. */
export interface Call {
  readonly operation: Operation;
  /** The handle that it makes. */
  readonly makes?: string;
  /** The field that it changes on a condition. */
  readonly updates?: string;
}

/** Who is told of what happens at the store, and decides when it does. */
export interface Director {
  /** Told when an operation has taken effect. */
  operation<Outcome>(call: Call, run: () => Promise<Outcome>): Promise<Outcome>;
  /** What takes effect as one; it waits for its turn. */
  turn<Result>(what: string, run: () => Promise<Result>): Promise<Result>;
}

/** A store with what is around it: where plans are carried out. */
export interface Stage {
  readonly title: string;
  /** Makes it ready for the next plan. */
  clear(plan: Plan, director: Director): { readonly cast: Cast; readonly model: Model };
  /** The store's clock, milliseconds. */
  now(): number;
  /** Lets time pass. */
  pass(seconds: number): Promise<void>;
  close(): Promise<void>;
}

/** Seconds. Nothing that a plan does comes near enough to one of them for the time that it takes to matter. */
export const TIMES = { timeout: 1000, absoluteTimeout: 1400, rotationGrace: 50 };

const SECRET = 'a secret of more than thirty-two bytes';
const KEY = createHash('sha256').update('the key of encrypted plans').digest();

/** Factories over the same stores, made once for each set of options. */
export class Casting {
  readonly #stores: readonly [SessionStore, SessionStore, SessionStore];
  readonly #known = new Map<string, Cast>();

  /** @param stores two to work with, and one to look at */
  constructor(...stores: [SessionStore, SessionStore, SessionStore]) {
    this.#stores = stores;
  }

  for({ encrypted: bound, touch, max, onSessionLimit }: Plan): { cast: Cast; rules: Rules } {
    const rules = { ...TIMES, touchInterval: touch === 'always' ? 0 : 100, max, onSessionLimit };
    const name = JSON.stringify([bound, touch, max, onSessionLimit]);
    const { timeout, absoluteTimeout, rotationGrace, touchInterval } = rules;
    const options = { secret: SECRET, timeout, absoluteTimeout, rotationGrace, touchInterval, onSessionLimit };
    const more = { maxSessionsPerOwner: max, ...(bound && { serializer: encrypted({ key: KEY }) }) };
    const make = (store: SessionStore, load: NonNullable<SessionOptions['load']>): Factory =>
      createSessionFactory({ ...options, ...more, store, load });
    const [one, two, third] = this.#stores;
    const known = this.#known.get(name);
    const cast = known ?? { workers: [make(one, 'eager'), make(two, 'lazy')], observer: make(third, 'eager') };
    this.#known.set(name, cast);
    return { cast, rules };
  }
}

/** Has every operation of a store pass a director; with `steps`, each is carried out as one. */
export function direct(inner: () => FullStore, director: () => Director, steps: boolean): FullStore {
  const pass = <Outcome>(call: Call, run: () => Promise<Outcome>): Promise<Outcome> =>
    director().operation(call, steps ? () => director().turn(call.operation, run) : run);
  return {
    now: () => inner().now(),
    load: (key) => pass({ operation: 'load' }, () => inner().load(key)),
    create: (key, record) => pass({ operation: 'create', makes: key.handle }, () => inner().create(key, record)),
    save(key, change) {
      const updates = change.expect?.keys().next().value;
      return pass({ operation: 'save', ...(updates !== undefined && { updates }) }, () => inner().save(key, change));
    },
    rekey: (from, to, move) => pass({ operation: 'rekey', makes: to.handle }, () => inner().rekey(from, to, move)),
    take: (key, prefix) => pass({ operation: 'take' }, () => inner().take(key, prefix)),
    destroy: (key) => pass({ operation: 'destroy' }, () => inner().destroy(key)),
    listOwned: (ownerHash) => pass({ operation: 'listOwned' }, () => inner().listOwned(ownerHash)),
    revokeOwned: (ownerHash, except, indexKey) =>
      pass({ operation: 'revokeOwned' }, () => inner().revokeOwned(ownerHash, except, indexKey)),
    addIndexKey: (indexKey, ownerHash, keep) => inner().addIndexKey(indexKey, ownerHash, keep),
    findOwnerHashes: (indexKey) => inner().findOwnerHashes(indexKey),
    close: () => inner().close(),
  };
}
