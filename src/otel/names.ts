/** Attributes of spans and metrics. Names without the prefix are those of the semantic conventions. */
export const ATTRIBUTES = {
  /** The handle: never the id. On spans alone. */
  id: 'session.id',
  /** The handle before a rotation or a login. On spans alone. */
  previousId: 'session.previous_id',
  /** The code of a `SessionError`, or the name of an error's class. */
  errorType: 'error.type',
  /** `redis`, `memory`, or the name of the class of another store. */
  store: 'websauna_session.store',
  /** What the store was asked for. On spans a list. */
  operation: 'websauna_session.operation',
  /** The name of the last event; without one what the store answered, such as `ok`, or `none`; or `error`. */
  outcome: 'websauna_session.outcome',
  /** The reason of the last event. */
  reason: 'websauna_session.reason',
  /** The name of an event. */
  event: 'websauna_session.event',
} as const;

/** Every metric. */
export const METRICS = {
  events: 'websauna_session.events',
  loadDuration: 'websauna_session.load.duration',
  commitDuration: 'websauna_session.commit.duration',
  storeDuration: 'websauna_session.store.operation.duration',
  circuitOpen: 'websauna_session.store.circuit.open',
} as const;
