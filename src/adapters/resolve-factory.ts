import { SessionFactory } from '../factory.ts';
import type { SessionOptions } from '../options/options.ts';
import type { DefaultData } from '../session/data.ts';
import type { WebsaunaSession } from '../session/session.ts';

/** What every adapter takes: a factory, or the options for one that nothing else needs. */
export type FactoryOrOptions<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
> = SessionFactory<Data, S> | SessionOptions<Data, S>;

export function resolveFactory<Data extends object, S extends WebsaunaSession<Data>>(
  given: FactoryOrOptions<Data, S>,
): SessionFactory<Data, S> {
  return given instanceof SessionFactory ? given : new SessionFactory(given);
}
