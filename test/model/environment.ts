import { createHash } from 'node:crypto';
import { createSessionFactory, type SessionFactory, type SessionOptions } from 'websauna-session';
import type { OwnerIndex, SessionStore, LoginIndex } from 'websauna-session/store';
import { encrypted } from 'websauna-session/encrypted';
import type { Model, Operation, Rules } from './model.ts';
import type { Access } from './orders.ts';
import type { Plan } from './plan.ts';
import type { Worker } from './request.ts';

export type Factory = SessionFactory<Record<string, unknown>>;
export type FullStore = SessionStore & OwnerIndex & LoginIndex;

/** Two factories that work, as two processes of an application do, and one that only looks and is never held up. */
export interface Factories {
  readonly workers: readonly [Factory, Factory];
  readonly observer: Factory;
}

/** A store operation, and what identifies it. */
export interface Call {
  readonly operation: Operation;
  /** The handle that it makes. */
  readonly makes?: string;
  /** The handle that it replaces, whether that leads to the new one, and for how many seconds. */
  readonly replaces?: { readonly handle: string; readonly leads: boolean; readonly grace: number };
  /** The owner hash of what it makes or ends. */
  readonly ownerHash?: string | null;
}

/** Observes what happens at the store, and decides when it does. */
export interface Interceptor {
  /** Called when an operation has taken effect. */
  operation<Outcome>(call: Call, run: () => Promise<Outcome>): Promise<Outcome>;
  /** What takes effect as one; it waits for its turn. */
  turn<Result>(what: string, run: () => Promise<Result>): Promise<Result>;
  /** The turn that goes on reads or writes what others may write or read. */
  accesses(access: Access): void;
  /** The application's answer to the question since when an owner's logins are valid. */
  validSince(userId: string): Date | null;
}

/** What a plan is carried out with. */
export interface Setting {
  readonly factories: Factories;
  readonly workers: readonly [Worker, Worker];
  readonly observer: Worker;
  readonly model: Model;
}

/** A store with its clock: where plans are carried out. */
export interface Environment {
  readonly title: string;
  /** Makes it ready for the next plan. */
  prepare(plan: Plan, interceptor: Interceptor): Setting;
  /**
   * Captures what is stored, and the clock; absent where that cannot be done.
   * @returns a function that brings both back when it is ready for another plan
   */
  snapshot?(): () => Promise<void>;
  /** The store's clock, milliseconds. */
  now(): number;
  /** Lets time pass. */
  pass(seconds: number): Promise<void>;
  /**
   * Gives each process a clock of its own, far from the store's, where that can be done.
   * @param worker which of the processes runs now
   * @returns a function that takes it back
   */
  skewClocks(worker: () => number | undefined): () => void;
  close(): Promise<void>;
}

/** Seconds. Nothing that a plan does comes near enough to one of them for the time that it takes to matter. */
export const TIMES = { timeout: 1000, absoluteTimeout: 1400 };
/** Likewise, of a process that a deployment has given shorter limits. */
const SHORTENED = { timeout: 600, absoluteTimeout: 900 };
const ROTATION_GRACE = 50;
export const EXPLAIN_ENDS = 700;

const SECRETS = {
  new: 'the new secret of more than thirty-two bytes',
  old: 'the old secret of more than thirty-two bytes',
};
const KEY = createHash('sha256').update('the key of encrypted plans').digest();

/** Makes factories over the same stores, once for each set of options. */
export class FactoryCache {
  readonly #stores: readonly [SessionStore, SessionStore, SessionStore];
  readonly #interceptor: () => Interceptor;
  readonly #known = new Map<string, Factories>();

  /** @param stores two to work with, and one to look at */
  constructor(interceptor: () => Interceptor, ...stores: [SessionStore, SessionStore, SessionStore]) {
    this.#interceptor = interceptor;
    this.#stores = stores;
  }

  for(plan: Plan): Omit<Setting, 'model'> & { rules: Rules } {
    const {
      encrypted: bound,
      touch,
      max,
      onSessionLimit,
      cookieMaxAge,
      invalidateBefore,
      explains,
      onReuse,
      rollout,
      transport,
    } = plan;
    const touchInterval = touch === 'always' ? 0 : 100;
    const explainEnds = explains ? EXPLAIN_ENDS : 0;
    const rules = { rotationGrace: ROTATION_GRACE, explainEnds, touchInterval, cookieMaxAge, max, onSessionLimit };
    const both = rollout === 'secret' ? ['new', 'old'] : ['new'];
    const workers = [
      { secrets: both, attributes: 'lax', invalidateBefore, onReuse, ...TIMES },
      {
        secrets: rollout === 'secret' ? ['old'] : ['new'],
        attributes: rollout === 'attributes' ? 'strict' : 'lax',
        invalidateBefore,
        onReuse,
        ...(rollout === 'limits' ? SHORTENED : TIMES),
      },
    ] as const;
    const lookers = { invalidateBefore: false, onReuse: 'report', ...TIMES } as const;
    const observer = { secrets: both, attributes: 'lax', ...lookers };
    const name = JSON.stringify([bound, rules, invalidateBefore, onReuse, rollout, transport]);
    const known = this.#known.get(name) ?? this.#make(plan, rules, workers, observer);
    this.#known.set(name, known);
    return { factories: known, workers, observer, rules };
  }

  #make(plan: Plan, rules: Rules, workers: readonly [Worker, Worker], observer: Worker): Factories {
    const { rotationGrace, explainEnds, touchInterval, max, onSessionLimit } = rules;
    const make = (
      worker: Worker,
      store: SessionStore,
      load: NonNullable<SessionOptions['load']>,
      transport: Plan['transport'] = plan.transport,
    ): Factory =>
      createSessionFactory({
        timeout: worker.timeout,
        absoluteTimeout: worker.absoluteTimeout,
        rotationGrace,
        explainEnds,
        audit: 'startAudit' in store,
        onReuse: worker.onReuse,
        touchInterval,
        onSessionLimit,
        store,
        load,
        transport,
        secret: worker.secrets.map((secret) => SECRETS[secret as 'new' | 'old']),
        maxSessionsPerOwner: max,
        cookie: { maxAge: rules.cookieMaxAge, sameSite: worker.attributes as 'lax' | 'strict' },
        ...(plan.encrypted && { serializer: encrypted({ key: KEY }) }),
        ...(worker.invalidateBefore && { invalidateBefore: (owner: string) => this.#ask(owner) }),
      });
    const [one, two, third] = this.#stores;
    return {
      workers: [make(workers[0], one, 'eager'), make(workers[1], two, 'lazy')],
      observer: make(observer, third, 'eager', 'cookie'),
    };
  }

  #ask(userId: string): Promise<Date | null> {
    const interceptor = this.#interceptor();
    const answer = async (): Promise<Date | null> => interceptor.validSince(userId);
    return interceptor.operation({ operation: 'ask' }, () => interceptor.turn('ask', answer));
  }
}

/** Has every operation of a store pass an interceptor; with `steps`, each is carried out as one. */
export function intercept(inner: () => FullStore, interceptor: () => Interceptor, steps: boolean): FullStore {
  const pass = <Outcome>(call: Call, run: () => Promise<Outcome>): Promise<Outcome> =>
    interceptor().operation(call, steps ? () => interceptor().turn(call.operation, run) : run);
  return {
    now: () => inner().now(),
    load: (key, bypass, explainEnds) => pass({ operation: 'load' }, () => inner().load(key, bypass, explainEnds)),
    create(key, record) {
      const call = { operation: 'create', makes: key.handle, ownerHash: key.ownerHash } as const;
      return pass(call, () => inner().create(key, record));
    },
    save: (key, change) => pass({ operation: 'save' }, () => inner().save(key, change)),
    rekey(from, to, rekey) {
      const { nonce = '', grace = 0 } = rekey.tombstone ?? {};
      const replaces = { handle: from.handle, leads: nonce !== '', grace };
      const call = { operation: 'rekey', makes: to.handle, ownerHash: to.ownerHash, replaces } as const;
      return pass(call, () => inner().rekey(from, to, rekey));
    },
    take: (key, prefix) => pass({ operation: 'take' }, () => inner().take(key, prefix)),
    destroy: (key, tombstone, explanation) =>
      pass({ operation: 'destroy' }, () => inner().destroy(key, tombstone, explanation)),
    listOwned: (ownerHash) => pass({ operation: 'listOwned' }, () => inner().listOwned(ownerHash)),
    revokeOwned(ownerHash, except, indexKey, keep, explanation) {
      const call = { operation: 'revokeOwned', ownerHash } as const;
      return pass(call, () => inner().revokeOwned(ownerHash, except, indexKey, keep, explanation));
    },
    addIndexKey(indexKey, ownerHash, keep) {
      interceptor().accesses('write');
      return inner().addIndexKey(indexKey, ownerHash, keep);
    },
    findOwnerHashes: (indexKey) => pass({ operation: 'findOwnerHashes' }, () => inner().findOwnerHashes(indexKey)),
    removeIndexKey(indexKey, ownerHash, age) {
      interceptor().accesses('write');
      return inner().removeIndexKey(indexKey, ownerHash, age);
    },
    close: () => inner().close(),
  };
}
