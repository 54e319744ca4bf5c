import { Router } from 'express';
import type { SessionFactory } from 'websauna-session';
import { createDashboard } from 'websauna-session/dashboard';
import { forFreshUser } from '../login.ts';
import type { User, Users } from '../users.ts';

const PATH = '/admin/sessions';

/** The sessions of all users, for the administrator. To everybody else there is no such page. */
export function dashboardRoutes(factory: SessionFactory, users: Users): Router {
  const userOf = async (owner: string | null): Promise<User | null> =>
    owner === null ? null : await users.find(owner);
  const isAdministrator = async ({ owner }: { owner: string | null }): Promise<boolean> =>
    (await userOf(owner))?.isAdministrator === true;
  const dashboard = createDashboard(factory, {
    canView: isAdministrator,
    canAct: isAdministrator,
    by: async ({ owner }) => (await userOf(owner))?.name ?? null,
    ownerName: async (owner) => (await users.find(owner))?.name,
    findOwners: async (text) => (await users.search(text)).map(({ id, name }) => ({ owner: id, name })),
    onNotFresh(session, request) {
      // Kept in the session, where a link cannot smuggle in an address of another site.
      session.set('returnTo', PATH + searchOf(request.headers.get('referer')));
      return new Response(null, { status: 303, headers: { location: '/confirm' } });
    },
  });

  const router = Router();
  router.use(PATH, dashboard.node);
  return router;
}

/** Asks for the password again, and goes back to where that was necessary. */
export function confirmRoutes(users: Users): Router {
  const router = Router();
  router.all(
    '/confirm',
    forFreshUser(users, (_user, req, res) => res.redirect(303, req.session.pop('returnTo', '/'))),
  );
  return router;
}

function searchOf(url: string | null): string {
  return url !== null && URL.canParse(url) ? new URL(url).search : '';
}
