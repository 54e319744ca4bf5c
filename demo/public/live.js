// Sends the forms inside of an element marked `data-live` without leaving the page, and puts the same element of the
// answer into its place. Without it the browser sends the forms, and the page looks the same afterwards.
document.addEventListener('submit', (event) => {
  const live = event.target.closest('[data-live]');
  if (live === null) return;
  event.preventDefault();
  void replace(live, event.target);
});

async function replace(live, form) {
  if (live.getAttribute('aria-busy') === 'true') return;
  live.setAttribute('aria-busy', 'true');
  const answer = await send(form).catch(() => null);
  const next = answer?.getElementById(live.id);
  if (!next) {
    // The page of the answer says what is wrong.
    form.submit();
    return;
  }
  live.replaceWith(next);
  // The last one: a result stands below the buttons.
  [...next.querySelectorAll('[data-focus]')].at(-1)?.focus();
}

async function send(form) {
  const response = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
  return new DOMParser().parseFromString(await response.text(), 'text/html');
}
