// The little of Markdown that the checks of the documentation need.
import { repositoryFiles } from './repository-files.mjs';

/** All Markdown files of the repository, by path from `root`. */
export function markdownFiles(root) {
  return repositoryFiles(root, ['.md']);
}

/**
 * The fenced code blocks of a text, each with its language, its code, the line of its first line of code (from 1)
 * and the HTML comment on the last line before it that is not empty.
 */
export function codeBlocks(text) {
  const lines = text.split(/\r?\n/);
  const blocks = [];
  let open;
  let before = '';
  for (const [index, line] of lines.entries()) {
    const fence = /^(\s*)(`{3,}|~{3,})\s*([\w-]*)/.exec(line);
    if (open) {
      if (fence && fence[2].startsWith(open.fence) && fence[3] === '') {
        const code = lines.slice(open.line - 1, index).map((each) => each.slice(open.indent));
        blocks.push({ language: open.language, code: code.join('\n'), line: open.line, comment: open.comment });
        open = undefined;
        before = '';
      }
    } else if (fence) {
      const comment = /^\s*<!--\s*(.*?)\s*-->\s*$/.exec(before)?.[1] ?? '';
      open = { indent: fence[1].length, fence: fence[2], language: fence[3], line: index + 2, comment };
    } else if (line.trim() !== '') {
      before = line;
    }
  }
  return blocks;
}

/** The name of the file that a code block is, by the comment before it; null for other blocks. */
export function fileNamed(comment) {
  return /^docs: file ([\w.-]+)$/.exec(comment)?.[1] ?? null;
}

/** The text with everything that is code made blank, line for line. */
export function withoutCode(text) {
  const lines = text.split(/\r?\n/);
  for (const { code, line } of codeBlocks(text)) lines.fill('', line - 2, line + code.split('\n').length);
  return lines.join('\n').replaceAll(/(`+)(?!`).+?(?<!`)\1(?!`)/g, '');
}

/** The targets of links and images, with their lines. */
export function links(text) {
  const found = [];
  for (const [index, line] of withoutCode(text).split('\n').entries()) {
    const inline = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
    const reference = /^\s*\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)/g;
    for (const pattern of [inline, reference]) {
      for (const match of line.matchAll(pattern)) found.push({ target: match[1], line: index + 1 });
    }
  }
  return found;
}

/** Returns the anchor that GitHub makes of the text of a heading. */
export function slug(text) {
  return text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}

/** Returns the anchors that GitHub makes of the headings of a text. */
export function anchors(text) {
  const seen = new Map();
  // Code in a heading counts, and only fences hide what looks like one.
  const visible = text.split(/\r?\n/);
  for (const { code, line } of codeBlocks(text)) visible.fill('', line - 2, line + code.split('\n').length);
  return visible.flatMap((line) => {
    const title = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    const explicit = [...line.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)].map((match) => match[1]);
    if (title === undefined) return explicit;
    const anchor = slug(title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, ''));
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return [...explicit, count === 0 ? anchor : `${anchor}-${count}`];
  });
}
