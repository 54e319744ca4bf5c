import { FACTORY, SessionFactory, type OptionsSource } from '../factory.ts';
import { expected } from '../internal/validate.ts';
import type { DefaultData } from '../session/data.ts';
import type { WebsaunaSession } from '../session/session.ts';

/** What every adapter takes: a factory, or the options, or a function that returns them, for one that nothing else needs. */
export type FactoryOrOptions<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
> = SessionFactory<Data, S> | OptionsSource<Data, S>;

/** Returns the factory that an adapter was given, or makes one of its options. */
export function resolveFactory<Data extends object, S extends WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
): SessionFactory<Data, S> {
  return isFactory(given) ? given : new SessionFactory(given);
}

/**
 * Refuses what is no factory, where options would make another factory for each request.
 * @throws {TypeError}
 */
export function assertFactory(given: unknown): void {
  if (!isFactory(given as SessionFactory)) throw expected('factory', 'what `createSessionFactory` returns', given);
}

/** Recognises a factory by a brand, not by `instanceof`: it may come from another copy of the package. */
function isFactory<Data extends object, S extends WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
): given is SessionFactory<Data, S> {
  return typeof given === 'object' && given !== null && FACTORY in given;
}
