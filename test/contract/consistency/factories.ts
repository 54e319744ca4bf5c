import { afterEach } from 'vitest';
import type {
  SessionEventName,
  SessionEvents,
  SessionFactory,
  SessionOptions,
  WebsaunaSession,
} from 'websauna-session';

export type Data = Record<string, unknown>;
export type Factory = SessionFactory<Data>;
export type Session = WebsaunaSession<Data>;
type Recorded = { [Name in SessionEventName]: SessionEvents[Name][] };

/** Makes factories that share a store, as processes of one application do. */
export type MakeFactory = (options: Partial<SessionOptions<Data>>) => Factory;

export const SECRET = 'a secret of more than thirty-two bytes';
export const NEW_SECRET = 'the secret that replaces the old one';

interface Factories {
  open(this: void, options?: Partial<SessionOptions<Data>>): Factory;
  /** Makes two of the same options, for two processes. */
  pair(this: void, options?: Partial<SessionOptions<Data>>): [Factory, Factory];
}

/** Makes factories that are closed after the test. */
export function useFactories(make: MakeFactory): Factories {
  const made: Factory[] = [];
  afterEach(async () => {
    await Promise.all(made.splice(0).map((factory) => factory.close()));
  });
  const open = (options: Partial<SessionOptions<Data>> = {}): Factory => {
    const factory = make(options);
    made.push(factory);
    return factory;
  };
  return { open, pair: (options) => [open(options), open(options)] };
}

export { startSession as started } from '../../support/visit.ts';

/** Keeps the events of the given names. */
export function record<Names extends SessionEventName>(factory: Factory, ...names: Names[]): Pick<Recorded, Names> {
  const recorded = {} as Record<string, unknown[]>;
  for (const name of names) factory.on(name, (event) => (recorded[name] ??= []).push(event));
  return new Proxy(recorded, { get: (target, name) => target[name as string] ?? [] }) as Pick<Recorded, Names>;
}
