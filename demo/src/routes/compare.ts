import { Router } from 'express';
import { field } from '../form.ts';
import type { Arena } from '../compare/arena.ts';
import { LateWrite } from '../compare/late-write.ts';
import { runRace, type Race } from '../compare/race.ts';
import { Recent } from '../compare/recent.ts';
import { render } from '../render.ts';
import { lateWritePage } from '../views/late-write.ts';
import { racePage } from '../views/race.ts';

/** Experiments that are kept for their visitors to go on with. */
const MAX_EXPERIMENTS = 20;
const MAX_RACES = 200;

export function compareRoutes(arena: Arena): Router {
  const router = Router();
  const races = new Recent<Race>(MAX_RACES);
  const experiments = new Recent<LateWrite>(MAX_EXPERIMENTS, (experiment) => void experiment.abandon());

  router.get('/compare', (req, res) => {
    render(req, res, racePage(races.get(req.session.get('race')), arena.storeName, req.session));
  });

  router.post('/compare', async (req, res) => {
    const race = await runRace(arena, req.socket, field(req, 'overlapping') !== '');
    req.session.set('race', races.add(race));
    res.redirect(303, '/compare');
  });

  router.get('/compare/logout', (req, res) => {
    render(req, res, lateWritePage(experiments.get(req.session.get('experiment')), req.session));
  });

  router.post('/compare/logout/start', async (req, res) => {
    experiments.drop(req.session.get('experiment'));
    const experiment = await LateWrite.start(arena, req.socket);
    req.session.set('experiment', experiments.add(experiment));
    res.redirect(303, '/compare/logout');
  });

  router.post('/compare/logout/log-out', async (req, res) => {
    await experiments.get(req.session.get('experiment'))?.logOut();
    res.redirect(303, '/compare/logout');
  });

  router.post('/compare/logout/finish', async (req, res) => {
    await experiments.get(req.session.get('experiment'))?.finish();
    res.redirect(303, '/compare/logout');
  });

  return router;
}
