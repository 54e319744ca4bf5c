import { count, exactTime } from '../format.ts';
import { eventRows } from '../event-rows.ts';
import { html } from '../html.ts';
import { head, render } from '../layout.ts';
import type { Visit } from '../visit.ts';

/** The last events of this process. */
export function eventsPage(visit: Visit): Response {
  const events = visit.log.latest();
  const lead =
    'What has happened to sessions in this process, the newest first. With JavaScript, the page follows. ' +
    'Other processes have events of their own.';
  return render(visit, {
    title: 'Events',
    section: 'events',
    content: html`${head('Live events', lead)}
      <section id="events" data-live>
        <p class="hint">${count(events.length, 'event')}. This process listens since ${exactTime(visit.log.since)}.</p>
        ${eventRows(events)}
      </section>`,
  });
}
