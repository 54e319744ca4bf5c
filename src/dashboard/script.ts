/**
 * Keeps the parts of a page that are marked `data-live` up to date: asks for the page again when the server says that
 * something has happened. Without it the page is as it was when it was loaded.
 *
 * The requests say that they are no visit (`Purpose: prefetch`), so that a page that is left open neither renews the
 * idle timeout of its session nor takes the messages that wait for the next page.
 */
export const SCRIPT = `const AHEAD = { purpose: 'prefetch' };
const REFRESH_MS = 1000;
const RETRY_MS = 5000;
let due = false;
let timer;

function say(text) {
  const state = document.querySelector('[data-live-state]');
  state.hidden = false;
  state.textContent = text;
}

function isInUse(part) {
  return part.contains(document.activeElement) || part.querySelector('details[open]') !== null;
}

async function refresh() {
  const answer = await fetch(location.href, { headers: AHEAD });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = page.getElementById(part.id);
    if (next !== null && !isInUse(part) && next.innerHTML !== part.innerHTML) part.replaceWith(next);
  }
}

function schedule() {
  if (document.hidden) {
    due = true;
    return;
  }
  timer ??= setTimeout(() => {
    timer = undefined;
    refresh().catch(() => {});
  }, REFRESH_MS);
}

async function follow() {
  const answer = await fetch('?page=stream', { headers: AHEAD });
  if (!answer.ok) return false;
  say('Live.');
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return true;
    if (value.includes('event: change')) schedule();
  }
}

async function live() {
  for (;;) {
    const goOn = await follow().catch(() => true);
    if (!goOn) {
      say('Your session has ended. Reload the page.');
      return;
    }
    say('Connecting again.');
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    schedule();
  }
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden || !due) return;
  due = false;
  schedule();
});

if (document.querySelector('[data-live]') !== null) live();
`;
