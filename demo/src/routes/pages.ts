import { Router } from 'express';
import { render } from '../render.ts';
import { homePage } from '../views/home.ts';
import { sessionPage } from '../views/session.ts';

export function pageRoutes(): Router {
  const router = Router();

  router.get('/', async (req, res) => {
    // Atomic: however many tabs reload at once, every visit counts.
    const visits = await req.session.update('visits', (count = 0) => count + 1);
    render(req, res, homePage({ user: req.user, visits: visits ?? 0 }));
  });

  router.get('/session', (req, res) => {
    render(req, res, sessionPage(req.session));
  });

  return router;
}
