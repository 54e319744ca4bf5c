import type { Session } from 'websauna-session';
import type { Note } from '../sessions.ts';
import { postForm } from './forms.ts';
import { html, type Html } from './html.ts';
import type { View } from './layout.ts';
import { timeAgo } from './time.ts';

export const NOTE_LENGTH = 280;

export function notesPage(session: Session): View {
  const notes = session.get('notes', []);
  return {
    title: 'Notes',
    sources: ['routes/notes.ts', 'views/notes.ts'],
    content: html`<header class="page-head">
        <h1>Notes</h1>
        <p class="lead">
          Your notes are stored in your session, so only you can see them. They stay when you log in, and are deleted
          when the session ends.
        </p>
      </header>
      <div class="panel wide">${postForm(session, '/notes', FIELDS)}</div>
      ${
        notes.length === 0
          ? EMPTY
          : html`<ul class="list" aria-label="Your notes">
              ${notes.map((note) => item(note, session))}
            </ul>`
      }`,
  };
}

const FIELDS = html`<div class="field">
    <label for="text">New note</label>
    <textarea
      id="text"
      name="text"
      rows="3"
      maxlength="${NOTE_LENGTH}"
      required
      aria-describedby="text-hint"
    ></textarea>
    <p class="hint" id="text-hint">
      Up to ${NOTE_LENGTH} characters. The form contains a token of your session, and is refused without it.
    </p>
  </div>
  <button class="button">Save note</button>`;

const EMPTY = html`<p class="empty">No notes yet.</p>`;

function item(note: Note, session: Session): Html {
  const button = html`<button class="button quiet small" aria-label="Delete the note: ${note.text}">Delete</button>`;
  return html`<li class="row">
    <div class="row-text">
      <p class="note">${note.text}</p>
      <p class="meta">${timeAgo(new Date(note.writtenAt))}</p>
    </div>
    ${postForm(session, `/notes/${note.id}/delete`, button)}
  </li>`;
}
