import { nodeHandler, type NodeHandler } from '../adapters/node.ts';
// From the package's root, so that an augmentation of `SessionData` finds it behind the dashboard alone.
import type { DefaultData, SessionFactory, WebsaunaSession } from '../index.ts';
import { EventLog } from './event-log.ts';
import { checkFactory, normalizeDashboardOptions, type DashboardOptions, type DashboardRight } from './options.ts';
import { denied } from './respond.ts';
import { route } from './routes.ts';

export type { DashboardOptions, DashboardRight, OwnerMatch } from './options.ts';

/** A dashboard, to be mounted behind the sessions of the same factory. */
export interface Dashboard<S = WebsaunaSession> {
  /** Handles a Fetch request with its session: what `withSession` takes, and what a handler of Hono calls. */
  readonly fetch: (request: Request, session: S) => Promise<Response>;
  /** Handles a request of `node:http` or Express that has its session in `req.session`. Errors go to `next`, where there is one. */
  readonly node: NodeHandler<S>;
  /** Stops listening to the factory's events. */
  readonly close: () => void;
}

/**
 * Returns a dashboard of the factory's sessions: how many there are and how they end, the devices of an owner, live
 * events, and why a session does not stick. It works at any path, and denies everyone whom `canView` does not
 * let in. Needs the packages `bowser`, `d3-scale` and `d3-shape`.
 *
 * @example
 * ```ts
 * const dashboard = createDashboard(factory, {
 *   canView: (session) => isAdministrator(session.owner),
 *   canAct: (session) => isAdministrator(session.owner),
 * });
 * app.use(sessions(factory));
 * app.use('/admin/sessions', dashboard.node);
 * ```
 * @throws {TypeError} for something else than a factory, without `canView`, and for every option that is wrong
 */
export function createDashboard<
  Data extends object = DefaultData,
  S extends WebsaunaSession<Data> = WebsaunaSession<Data>,
>(given: SessionFactory<Data, S>, options: DashboardOptions<S>): Dashboard<S> {
  const factory = checkFactory(given);
  const normalized = normalizeDashboardOptions(options);
  const log = new EventLog(factory);
  const fetch = async (request: Request, opened: S): Promise<Response> => {
    const session = opened as unknown as WebsaunaSession;
    await session.load();
    const { canView, canAct } = normalized;
    if (!(await isAllowed(canView, session, request)) || !METHODS.has(request.method)) return denied();
    const mayAct = canAct !== null && (await isAllowed(canAct, session, request));
    const query = new URL(request.url).searchParams;
    return await route({ factory, options: normalized, log, session, request, query, mayAct });
  };
  return { fetch, node: nodeHandler(fetch), close: () => log.close() };
}

/** Takes nothing but `true` for a yes: an application in JavaScript may return what it looked up. */
async function isAllowed(
  right: DashboardRight<WebsaunaSession>,
  session: WebsaunaSession,
  request: Request,
): Promise<boolean> {
  const answer: unknown = await right(session, request);
  return answer === true;
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);
