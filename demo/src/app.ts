import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';
import type { SessionFactory } from 'websauna-session';
import { sessions } from 'websauna-session/express';
import type { Arena } from './compare/arena.ts';
import { notFound, showError } from './errors.ts';
import { requireCsrfToken } from './csrf.ts';
import { loadUser } from './login.ts';
import { accountRoutes } from './routes/account.ts';
import { compareRoutes } from './routes/compare.ts';
import { confirmRoutes, dashboardRoutes } from './routes/dashboard.ts';
import { deviceRoutes } from './routes/devices.ts';
import { noteRoutes } from './routes/notes.ts';
import { pageRoutes } from './routes/pages.ts';
import { passwordRoutes } from './routes/password.ts';
import { sourceRoutes } from './routes/sources.ts';
import { securityHeaders } from './security-headers.ts';
import type { Users } from './users.ts';
import { aboutPage } from './views/about.ts';
import { layout } from './views/layout.ts';

const PUBLIC = fileURLToPath(new URL('../public', import.meta.url));

export function createApp(factory: SessionFactory, users: Users, arena: Arena): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(securityHeaders);

  // Before the sessions come responses that are the same for all visitors, and that caches may store.
  app.use(express.static(PUBLIC, { index: false }));
  app.get('/about', (_req, res) => {
    res.set('Cache-Control', 'public, max-age=300').send(layout(aboutPage(), { path: '/about' }).toString());
  });

  // Applications with sessions of their own.
  app.use(arena.routes());

  app.use(sessions(factory));
  // The library's default, `private, no-cache`, lets the Back button show a page after the logout.
  app.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  // First, so that the page of a refused form says who is logged in.
  app.use(loadUser(users));
  // Checks its own forms.
  app.use(dashboardRoutes(factory, users));
  app.use(express.urlencoded({ extended: false, limit: '10kb' }));
  app.use(requireCsrfToken);

  app.use(pageRoutes());
  app.use(compareRoutes(arena));
  app.use(sourceRoutes());
  app.use(noteRoutes());
  app.use(accountRoutes(users));
  app.use(passwordRoutes(users));
  app.use(deviceRoutes(factory, users));
  app.use(confirmRoutes(users));

  app.use(notFound);
  app.use(showError);
  return app;
}
