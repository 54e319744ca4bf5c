import { html, type Html } from './html.ts';
import { icon } from './icons.ts';

export interface Message {
  readonly kind: 'notice' | 'warning';
  readonly text: string;
}

/** @param id for a form's field to refer to */
export function messageBox({ kind, text }: Message, id?: string): Html {
  const notice = kind === 'notice';
  return html`<p class="message ${kind}" role="${notice ? 'status' : 'alert'}" ${id !== undefined && html`id="${id}"`}>
    ${icon(notice ? 'check' : 'alert')}<span>${text}</span>
  </p>`;
}
