// A plugin for markdown-it. The pages become templates of Vue, but were written for GitHub: what Vue would take for a
// component or an expression is text.
const KNOWN = new Set(
  ['a', 'b', 'br', 'code', 'details', 'em', 'i', 'img', 'kbd', 'p', 'picture', 'pre', 'source'].concat([
    'span',
    'strong',
    'sub',
    'summary',
    'sup',
    'table',
    'tbody',
    'td',
    'th',
    'thead',
    'tr',
  ]),
);

/** Escapes the tags of a piece of HTML that are no elements of HTML; comments stay. */
export function escapeUnknownTags(html) {
  return html.replaceAll(/<!--[\s\S]*?-->|<\/?([\w-]*)/g, (tag, name) =>
    name === undefined || KNOWN.has(name.toLowerCase()) ? tag : tag.replace('<', '&lt;'),
  );
}

const escapeExpressions = (html) => html.replaceAll('{{', '&#123;&#123;');

export function plainHtml(md) {
  const { rules } = md.renderer;
  const html = (tokens, index) => escapeExpressions(escapeUnknownTags(tokens[index].content));
  rules.html_block = html;
  rules.html_inline = html;
  const { code_inline: code, text } = rules;
  rules.code_inline = (...args) => escapeExpressions(code(...args));
  rules.text = (...args) => escapeExpressions(text(...args));
}
