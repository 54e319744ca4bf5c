import { count, exactTime } from '../format.ts';
import type { EventSources } from '../event-log.ts';
import { eventRows } from '../event-rows.ts';
import { html, type Child } from '../html.ts';
import { head, render } from '../layout.ts';
import { turnOn } from '../turn-on.ts';
import type { Visit } from '../visit.ts';

const LEADS: Readonly<Record<EventSources, string>> = {
  own: 'What has happened to sessions in this process, the newest first.',
  all: 'What has happened to sessions in all processes that share it, the newest first. What happens in others arrives some seconds later.',
  lost: 'What has happened to sessions, the newest first. At present, nothing arrives from other processes: the subscription to Redis is lost.',
};

/** The last events, of all processes that share them. */
export async function eventsPage(visit: Visit): Promise<Response> {
  const { log, factory } = visit;
  await log.follow(factory);
  const events = log.latest();
  return render(visit, {
    title: 'Events',
    section: 'events',
    content: html`${head('Live events', 'With JavaScript, the page follows.')}
      <section id="events" data-live>
        <p class="lead">${LEADS[log.sources]}</p>
        <p class="hint">
          ${count(events.length, 'event')}${missedText(log.missed)}. This process listens since ${exactTime(log.since)}.
        </p>
        ${
          log.sources === 'own' &&
          turnOn(
            'Other processes have events of their own.',
            'stats: { publishEvents: true }',
            'In every process, it shows them here.',
          )
        }
        ${eventRows(events)}
      </section>`,
  });
}

function missedText(missed: number): Child {
  return missed > 0 && `; ${count(missed, 'event')} of other processes too many to be shown, or lost on the way`;
}
