/** A plugin for markdown-it: a column without a title has no heading, rather than an empty one. */
export function tables(md) {
  md.core.ruler.after('inline', 'tables', ({ tokens }) => {
    for (const [index, token] of tokens.entries()) {
      if (token.type !== 'th_open' || tokens[index + 1].content.trim() !== '') continue;
      token.tag = 'td';
      tokens[index + 2].tag = 'td';
    }
  });
}
