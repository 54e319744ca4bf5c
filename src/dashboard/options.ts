import type { DefaultData, SessionFactory, WebsaunaSession } from '../index.ts';
import {
  checkBoolean,
  checkFunction,
  checkNames,
  checkNumber,
  checkString,
  expected,
  isObject,
  MAX_LIFETIME_SECONDS,
  OF_SECONDS,
} from '../internal/validate.ts';

/** An owner that a search has found. */
export interface OwnerMatch {
  /** As given to `login`. */
  readonly owner: string;
  /** What people call the owner. */
  readonly name: string;
}

/** Says whether a request has a right. Anything but `true` is a no. */
export type DashboardRight<S> = (session: S, request: Request) => boolean | Promise<boolean>;

export interface DashboardOptions<S = WebsaunaSession> {
  /** Who may look. Everyone else gets the same response to every request: `404 Not Found`. */
  canView: DashboardRight<S>;
  /** Who of them may end sessions. Default: none. */
  canAct?: DashboardRight<S>;
  /** The name of the administrator who ends a session, for the audit trail. Default: the owner of the session that acts. */
  by?: (session: S, request: Request) => string | null | Promise<string | null>;
  /** Finds owners by what was typed into the search field, at most a page of them. Default: it is taken for an owner. */
  findOwners?: (query: string) => readonly OwnerMatch[] | Promise<readonly OwnerMatch[]>;
  /** Returns what people call an owner. Default: as it was given to `login`. */
  ownerName?: (owner: string) => string | null | undefined | Promise<string | null | undefined>;
  /** Whether the values of fields are shown, and not only their names and sizes. Default `false`. */
  showValues?: boolean;
  /** Seconds since the login of those who end sessions, after which they have to log in again; `null` for any. Default 900. */
  freshFor?: number | null;
  /** Answers an act that needs a fresh login, for instance by a redirect to the login. Default: a page that says so. */
  onNotFresh?: (session: S, request: Request) => Response | Promise<Response>;
  /** What the pages are called. Default `Sessions`. */
  title?: string;
}

/** The options with every default filled in. */
export interface NormalizedDashboardOptions {
  readonly canView: DashboardRight<WebsaunaSession>;
  readonly canAct: DashboardRight<WebsaunaSession> | null;
  readonly by: NonNullable<DashboardOptions['by']>;
  readonly findOwners: NonNullable<DashboardOptions['findOwners']>;
  readonly ownerName: (owner: string) => Promise<string>;
  readonly showValues: boolean;
  readonly freshFor: number | null;
  readonly onNotFresh: NonNullable<DashboardOptions['onNotFresh']> | null;
  readonly title: string;
}

const NAMES = ['canView', 'canAct', 'by', 'findOwners', 'ownerName', 'showValues', 'freshFor', 'onNotFresh', 'title'];
const DEFAULT_FRESH_SECONDS = 900;
const OF_RIGHT = 'a function of session and request that returns true or false';

/** @throws {TypeError} for every option that is wrong, with what was expected */
export function normalizeDashboardOptions<S>(options: DashboardOptions<S>): NormalizedDashboardOptions {
  checkNames('', options, NAMES);
  // Inside, a session is one with the default data.
  const given = options as unknown as DashboardOptions;
  if (given.canView === undefined) {
    throw expected('canView', OF_RIGHT, undefined, 'Say who may see the dashboard: without it, no one may');
  }
  checkFunction('canView', given.canView, OF_RIGHT);
  checkFunction('canAct', given.canAct, OF_RIGHT);
  checkFunction('by', given.by, 'a function of session and request that returns a name');
  checkFunction('findOwners', given.findOwners, 'a function of what was typed that returns owners with their names');
  checkFunction('ownerName', given.ownerName, 'a function of the owner that returns a name');
  checkFunction('onNotFresh', given.onNotFresh, 'a function of session and request that returns a Response');
  checkBoolean('showValues', given.showValues);
  checkNumber('freshFor', given.freshFor, {
    of: OF_SECONDS,
    min: 0,
    max: MAX_LIFETIME_SECONDS,
    orNull: 'null for any',
  });
  checkString('title', given.title, 'a non-empty string');
  const { ownerName } = given;
  return {
    canView: given.canView,
    canAct: given.canAct ?? null,
    by: given.by ?? ((session) => session.owner),
    findOwners: given.findOwners ?? ((query) => [{ owner: query, name: query }]),
    ownerName: async (owner) => (await ownerName?.(owner)) ?? owner,
    showValues: given.showValues ?? false,
    freshFor: given.freshFor === undefined ? DEFAULT_FRESH_SECONDS : given.freshFor,
    onNotFresh: given.onNotFresh ?? null,
    title: given.title ?? 'Sessions',
  };
}

/** @throws {TypeError} */
export function checkFactory<Data extends object, S extends WebsaunaSession<Data>>(
  factory: SessionFactory<Data, S>,
): SessionFactory<DefaultData> {
  if (isObject(factory) && typeof factory.on === 'function' && typeof factory.load === 'function') {
    return factory as unknown as SessionFactory<DefaultData>;
  }
  throw expected('factory', 'what `createSessionFactory` returns', factory);
}
