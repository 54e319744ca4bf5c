import { randomUUID } from 'node:crypto';
import { Router } from 'express';
import { field } from '../form.ts';
import { render } from '../render.ts';
import { NOTE_LENGTH, notesPage } from '../views/notes.ts';

const MOST_NOTES = 20;

export function noteRoutes(): Router {
  const router = Router();

  router.get('/notes', (req, res) => {
    render(req, res, notesPage(req.session));
  });

  router.post('/notes', async (req, res) => {
    const text = field(req, 'text').trim().slice(0, NOTE_LENGTH);
    if (text !== '') {
      const note = { id: randomUUID(), text, writtenAt: Date.now() };
      await req.session.update('notes', (notes = []) => [note, ...notes].slice(0, MOST_NOTES));
      req.session.flash('Your note has been saved.');
    }
    res.redirect(303, '/notes');
  });

  router.post('/notes/:id/delete', async (req, res) => {
    await req.session.update('notes', (notes = []) => notes.filter(({ id }) => id !== req.params.id));
    res.redirect(303, '/notes');
  });

  return router;
}
