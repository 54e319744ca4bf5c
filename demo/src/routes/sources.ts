import { Router } from 'express';
import { render } from '../render.ts';
import { SOURCES, readSource } from '../sources.ts';
import { sourceListPage, sourcePage } from '../views/sources.ts';

export function sourceRoutes(): Router {
  const router = Router();

  router.get('/source', (req, res) => {
    render(req, res, sourceListPage([...SOURCES]));
  });

  router.get('/source/*path', (req, res, next) => {
    const path = ([] as string[]).concat(req.params['path'] ?? []).join('/');
    if (SOURCES.has(path)) render(req, res, sourcePage(path, readSource(path)));
    else next();
  });

  return router;
}
