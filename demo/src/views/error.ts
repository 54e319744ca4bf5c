import { html, type Html } from './html.ts';
import type { View } from './layout.ts';

export type Fault = 'not-found' | 'csrf' | 'bad-request' | 'unavailable' | 'broken';

interface Explanation {
  readonly title: string;
  readonly text: Html;
}

const EXPLANATIONS: Readonly<Record<Fault, Explanation>> = {
  'not-found': {
    title: 'Page not found',
    text: html`<p>The address may be misspelt, or the page may have been removed.</p>`,
  },
  csrf: {
    title: 'This form was not accepted',
    text: html`<p>
        Every form here carries a token that belongs to your session, so that no other site can send it for you. This
        one was missing or did not match. Nothing was changed.
      </p>
      <p>
        If you sent the form yourself, it was opened before your last login or logout, or your session has expired. Go
        back, reload the page and try again.
      </p>`,
  },
  'bad-request': {
    title: 'Bad request',
    text: html`<p>The request was malformed or too large.</p>`,
  },
  unavailable: {
    title: 'Back in a moment',
    text: html`<p>
      The session store is not responding. Rather than treat you as logged out, the site refuses the request. Please try
      again in a few seconds.
    </p>`,
  },
  broken: {
    title: 'Something went wrong',
    text: html`<p>This is our fault, not yours. The error has been logged.</p>`,
  },
};

export function errorPage(fault: Fault, status: number): View {
  const { title, text } = EXPLANATIONS[fault];
  return {
    title,
    content: html`<section class="error">
      <p class="error-code" aria-hidden="true">${status}</p>
      <h1>${title}</h1>
      ${text}
      <p class="actions"><a class="button" href="/">Go to the home page</a></p>
    </section>`,
  };
}
