import { Router } from 'express';
import type { SessionFactory } from 'websauna-session';
import { forFreshUser, forUser } from '../login.ts';
import { render } from '../render.ts';
import type { Users } from '../users.ts';
import { devicesPage } from '../views/devices.ts';

export function deviceRoutes({ owners }: SessionFactory, users: Users): Router {
  const router = Router();

  router.get(
    '/devices',
    forUser(async (user, req, res) => {
      const devices = await owners.list(user.id, { current: req.session });
      render(req, res, devicesPage(user, devices, req.session));
    }),
  );

  router.post(
    '/devices/:handle/log-out',
    forFreshUser(users, async (user, req, res) => {
      const ended = await owners.revokeSession(user.id, String(req.params['handle']));
      req.session.flash(ended ? 'The device has been logged out.' : 'That device had already been logged out.');
      res.redirect(303, '/devices');
    }),
  );

  router.post(
    '/devices/log-out-others',
    forFreshUser(users, async (user, req, res) => {
      const count = await owners.revoke(user.id, { except: req.session });
      req.session.flash(
        count === 1 ? 'One other device has been logged out.' : `${count} other devices have been logged out.`,
      );
      res.redirect(303, '/devices');
    }),
  );

  return router;
}
