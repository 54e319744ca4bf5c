/** Text that is HTML already. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

export type Child = Html | string | number | null | undefined | false | readonly Child[];

/**
 * Makes HTML from a template. Values are escaped, for text and for quoted attributes, unless they are `Html` themselves;
 * lists are joined; `null`, `undefined` and `false` are left out.
 */
export function html(strings: TemplateStringsArray, ...children: readonly Child[]): Html {
  return new Html(strings.reduce((text, string, index) => text + write(children[index - 1]) + string));
}

function write(child: Child): string {
  if (child === null || child === undefined || child === false) return '';
  if (typeof child === 'object') return child instanceof Html ? child.toString() : child.map(write).join('');
  return String(child).replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Sets what is between backticks as code. */
export function code(text: string): Child {
  return text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
}
