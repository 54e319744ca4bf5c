const SPACE = 0x20;
const TAB = 0x09;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;

/**
 * Returns the values of one cookie in a `Cookie` header, in the order in which they came; `undefined` when it is absent.
 * RFC 6265 sections 4.2 and 5.4.
 *
 * A pair ends at the next semicolon, also inside quotes: parsers that let quotes span pairs can be made
 * to hand one cookie's value to another. For the same reason no whitespace is allowed before the `=`,
 * and none but spaces and tabs around a pair.
 *
 * @param max - How many to return. Browsers send one for each domain and path above the request's; more are an attack.
 * @param isCandidate - Whether a value can be what is looked for. Others are left out, and do not count.
 */
export function readCookies(
  header: string | undefined,
  name: string,
  max: number,
  isCandidate: (value: string) => boolean = () => true,
): string[] | undefined {
  if (header === undefined || name === '') return undefined;
  let values: string[] | undefined;
  let at = header.indexOf(name);
  while (at !== -1) {
    let next = at + name.length;
    if (header.charCodeAt(next) === EQUALS && beginsPair(header, at)) {
      const semicolon = header.indexOf(';', next);
      const end = semicolon === -1 ? header.length : semicolon;
      const value = valueBetween(header, next + 1, end);
      values = isCandidate(value) ? append(values, value) : (values ?? []);
      if (values.length === max) break;
      next = end;
    }
    at = header.indexOf(name, next);
  }
  return values;
}

/** Appends to a list that is made for its first item: a push into an empty one takes room for seventeen. */
function append(values: string[] | undefined, value: string): string[] {
  if (values === undefined || values.length === 0) return [value];
  values.push(value);
  return values;
}

/** Returns whether nothing but spaces and tabs is between `at` and the semicolon before it, or the header's start. */
function beginsPair(header: string, at: number): boolean {
  let before = at - 1;
  while (isBlank(header.charCodeAt(before))) before--;
  return before < 0 || header.charCodeAt(before) === SEMICOLON;
}

function valueBetween(header: string, from: number, to: number): string {
  let start = from;
  let end = to;
  // What stands before and after the value, `=`, a semicolon or nothing, ends these.
  while (isBlank(header.charCodeAt(start))) start++;
  while (isBlank(header.charCodeAt(end - 1))) end--;
  if (end - start >= 2 && header.charCodeAt(start) === QUOTE && header.charCodeAt(end - 1) === QUOTE) {
    start++;
    end--;
  }
  return header.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
