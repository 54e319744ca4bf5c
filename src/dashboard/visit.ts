import type { SessionFactory, WebsaunaSession } from '../index.ts';
import type { EventLog } from './event-log.ts';
import type { NormalizedDashboardOptions } from './options.ts';

/** A request that may see the dashboard. */
export interface Visit {
  readonly factory: SessionFactory;
  readonly options: NormalizedDashboardOptions;
  readonly log: EventLog;
  readonly session: WebsaunaSession;
  readonly request: Request;
  readonly query: URLSearchParams;
  /** Whether this visitor may end sessions. */
  readonly mayAct: boolean;
}

/** A visit with the form that was sent, after its checks. */
export interface Act extends Visit {
  readonly form: URLSearchParams;
}
