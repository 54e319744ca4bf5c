import type { Session } from 'websauna-session';
import { CSRF_FIELD } from '../csrf.ts';
import { html, type Child, type Html } from './html.ts';

/** A form that changes something, with the session's token. Use no other. */
export function postForm(session: Session, action: string, content: Child): Html {
  return html`<form method="post" action="${action}">
    <input type="hidden" name="${CSRF_FIELD}" value="${session.getCsrfToken()}" />${content}
  </form>`;
}

export interface InputOptions {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'password';
  readonly value?: string;
  readonly autocomplete: string;
  readonly hint?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly autofocus?: boolean;
  /** The id of the text that says what is wrong. */
  readonly problem?: string | null;
}

export function input(options: InputOptions): Html {
  const { name, label, type = 'text', value = '', autocomplete, hint, minLength, maxLength } = options;
  const described = [hint !== undefined && `${name}-hint`, options.problem].filter(Boolean).join(' ');
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      type="${type}"
      value="${value}"
      autocomplete="${autocomplete}"
      required
      autocapitalize="none"
      spellcheck="false"
      ${minLength !== undefined && html`minlength="${minLength}"`}
      ${maxLength !== undefined && html`maxlength="${maxLength}"`}
      ${options.autofocus && html`autofocus`}
      ${described !== '' && html`aria-describedby="${described}"`}
      ${options.problem && html`aria-invalid="true"`}
    />
    ${hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`}
  </div>`;
}
