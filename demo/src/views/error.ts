import { html, type Html } from './html.ts';
import type { View } from './layout.ts';

export type Fault = 'not-found' | 'csrf' | 'bad-request' | 'unavailable' | 'broken';

interface Explanation {
  readonly title: string;
  readonly text: Html;
}

const EXPLANATIONS: Readonly<Record<Fault, Explanation>> = {
  'not-found': {
    title: 'There is no such page',
    text: html`<p>The address may be misspelt, or the page has gone.</p>`,
  },
  csrf: {
    title: 'This form was not accepted',
    text: html`<p>
        Every form here carries a token that belongs to your session, so that no other site can send it for you. This
        one had none that fits. Nothing was changed.
      </p>
      <p>
        If the form was yours, it is older than your last login or logout, or your session has ended. Go back, reload
        the page, and send it again.
      </p>`,
  },
  'bad-request': {
    title: 'That was not understood',
    text: html`<p>The request was malformed or too large.</p>`,
  },
  unavailable: {
    title: 'Back in a moment',
    text: html`<p>
      The place where sessions are kept does not answer. Rather than treat you as a stranger, the site waits: try again
      in a few seconds.
    </p>`,
  },
  broken: {
    title: 'Something broke',
    text: html`<p>It is not your fault, and it was written to the log.</p>`,
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
