import { checkAct } from './forms.ts';
import { endAll, endByIndex, endSession } from './acts.ts';
import { cookiesPage, probeCookie } from './pages/cookies.ts';
import { eventsPage } from './pages/events.ts';
import { indexPage } from './pages/login-index.ts';
import { missingPage } from './pages/missing.ts';
import { overviewPage } from './pages/overview.ts';
import { ownerPage } from './pages/owner.ts';
import { ownersPage } from './pages/owners.ts';
import { sessionPage } from './pages/session.ts';
import { respond } from './respond.ts';
import { SCRIPT } from './script.ts';
import { streamChanges } from './stream.ts';
import { ICON } from './icons.ts';
import { STYLE } from './style.ts';
import type { Act, Visit } from './visit.ts';

type Answer = Response | Promise<Response>;

/** Pages that look, by the `page` of their query. */
const VIEWS: Readonly<Record<string, (visit: Visit) => Answer>> = {
  '': overviewPage,
  owners: ownersPage,
  owner: ownerPage,
  index: indexPage,
  session: sessionPage,
  events: eventsPage,
  cookies: cookiesPage,
  probe: probeCookie,
  stream: streamChanges,
  style: () => respond(STYLE, 'text/css; charset=utf-8'),
  script: () => respond(SCRIPT, 'text/javascript; charset=utf-8'),
  icon: () => respond(ICON, 'image/svg+xml'),
};

/** What forms do, by the `page` that they are sent to. */
const ACTS: Readonly<Record<string, (act: Act) => Answer>> = {
  end: endSession,
  'end-all': endAll,
  'end-index': endByIndex,
};

/** Answers a request that may see the dashboard. */
export async function route(visit: Visit): Promise<Response> {
  const page = visit.query.get('page') ?? '';
  if (visit.request.method === 'POST') {
    const act = await checkAct(visit);
    if (act instanceof Response) return act;
    return Object.hasOwn(ACTS, page) ? await ACTS[page]!(act) : missingPage(visit);
  }
  return Object.hasOwn(VIEWS, page) ? await VIEWS[page]!(visit) : missingPage(visit);
}
