import { SessionError } from '../../errors.ts';
import { isStored, type RekeyOutcome, type Stored, type Tombstone } from '../store.ts';
import type { Reply } from './driver.ts';
import type { ValueEncoding } from './encoding.ts';
import { storeError } from './errors.ts';
import { textOf } from './record.ts';
import type { ScriptName } from './scripts.generated.ts';

/** What the first number of a script's reply means; see `lua/_record.lua`. */
const CODES = [
  'gone',
  'ok',
  'tombstone',
  'conflict',
  'exists',
  'full',
  'late',
  'revoked',
  'too-large',
  'outlived',
] as const;
export type ReplyStatus = (typeof CODES)[number];

/** What a value of a reply is: a number, text (a string or bytes), or text that may be absent. */
type Kind = 'number' | 'text' | 'text?';

/** The values that follow a code: so many, and then any number of groups. */
interface Shape {
  readonly first: readonly Kind[];
  readonly groups?: readonly Kind[];
}

const NO_HANDLES: readonly string[] = [];
const NOTHING: Shape = { first: [] };
const HANDLES: Shape = { first: ['number'], groups: ['text'] };

const SHAPES: Readonly<Record<ReplyStatus, Shape>> = {
  gone: NOTHING,
  ok: HANDLES,
  tombstone: { first: ['text', 'number', 'number', 'text', 'number'] },
  conflict: { first: [], groups: ['text', 'text'] },
  exists: NOTHING,
  full: NOTHING,
  late: { first: ['number'] },
  revoked: NOTHING,
  'too-large': { first: ['number'] },
  outlived: NOTHING,
};

/** What a script may reply besides success, and what follows the code of success. */
interface Replies {
  readonly or: readonly ReplyStatus[];
  readonly ok: Shape;
}

const REPLIES: Readonly<Record<ScriptName, Replies>> = {
  addStats: { or: ['late'], ok: { first: ['number'] } },
  addIndexKey: { or: [], ok: NOTHING },
  check: { or: [], ok: { first: ['number'], groups: ['text', 'text', 'text', 'text'] } },
  confirm: { or: ['gone', 'outlived', 'tombstone', 'late'], ok: { first: ['number'] } },
  create: { or: ['gone', 'exists', 'full', 'revoked', 'late'], ok: HANDLES },
  deleteRotated: { or: ['gone', 'tombstone', 'conflict', 'late'], ok: { first: ['number'] } },
  destroy: { or: ['gone', 'tombstone', 'late'], ok: { first: ['number'] } },
  getIndexOwners: { or: [], ok: { first: [], groups: ['text'] } },
  getMetadata: { or: ['gone'], ok: { first: ['text', 'text?'] } },
  list: { or: [], ok: { first: ['number'], groups: ['text', 'text', 'text?'] } },
  readAudit: { or: [], ok: { first: [], groups: ['text', 'text', 'text', 'text', 'text', 'text'] } },
  rekey: { or: ['gone', 'outlived', 'tombstone', 'conflict', 'exists', 'full', 'revoked', 'late'], ok: HANDLES },
  removeIndexKey: { or: [], ok: NOTHING },
  readStats: {
    or: [],
    ok: { first: ['number', 'number'], groups: ['number', 'text', 'text'] },
  },
  reportReuse: { or: ['gone'], ok: NOTHING },
  revoke: { or: ['late'], ok: HANDLES },
  save: { or: ['gone', 'outlived', 'tombstone', 'conflict', 'late', 'too-large'], ok: { first: ['number'] } },
  take: { or: ['gone', 'outlived', 'tombstone', 'late'], ok: { first: ['number'], groups: ['text', 'text'] } },
  time: { or: [], ok: { first: ['number'] } },
};

/** A script's reply that has the shape of what its code says. */
export interface CheckedReply {
  readonly status: ReplyStatus;
  /** What follows the code. */
  readonly values: readonly Reply[];
}

/**
 * Checks a script's reply. One that the script cannot have made belongs to another command: the connection is out of
 * step, and to take that reply for this one's would acknowledge what has not happened.
 * @throws {SessionError} `ERR_SESSION_STORE`
 */
export function checkReply(script: ScriptName, reply: unknown): CheckedReply {
  if (!Array.isArray(reply)) throw strayReply();
  const code: unknown = reply[0];
  const status = isNumber(code) ? CODES[Number(code)] : undefined;
  if (status === undefined) throw strayReply();
  const { or, ok } = REPLIES[script];
  const shape = status === 'ok' ? ok : or.includes(status) ? SHAPES[status] : undefined;
  const values = reply.slice(1) as Reply[];
  if (shape === undefined || !hasShape(values, shape)) throw strayReply();
  return { status, values };
}

/** Returns what became of a record, as a reply says it. */
export function outcomeFromReply({ status, values }: CheckedReply, encoding: ValueEncoding): RekeyOutcome {
  switch (status) {
    case 'ok':
      return { status, now: Number(values[0]), evicted: values.length === 1 ? NO_HANDLES : handlesFromReply(values) };
    case 'tombstone':
      return tombstoneFromReply(values);
    case 'conflict':
      return { status, fields: decodedFieldsFromReply('save', values, 0, encoding) };
    case 'outlived':
      return { status: 'gone' };
    default:
      return { status } as RekeyOutcome;
  }
}

/**
 * Returns the values of a reply from `start` on, which alternate names and values, as an object of decoded fields.
 * @throws {SessionError} for bytes that are not text in the encoding
 */
export function decodedFieldsFromReply(
  operation: string,
  values: readonly Reply[],
  start: number,
  encoding: ValueEncoding,
): Readonly<Record<string, Stored>> {
  const fields: Record<string, Stored> = Object.create(null);
  for (let i = start; i < values.length; i += 2) fields[textOf(values[i] as Stored)] = values[i + 1] as Stored;
  if (!encoding.needsBytes) return fields;
  const decoded = encoding.decode(fields);
  if (decoded !== undefined) return decoded;
  throw storeError(operation, new TypeError('Stored bytes are not text in `redis.encoding`'));
}

/** Returns the handles that follow the time in a reply. */
export function handlesFromReply(values: readonly Reply[]): string[] {
  return values.slice(1).map((handle) => textOf(handle as Stored));
}

function tombstoneFromReply(values: readonly Reply[]): Tombstone {
  const [nonce, graceUntil, now, successor, confirmed] = values as [Stored, Reply, Reply, Stored, Reply];
  return {
    status: 'tombstone',
    nonce: textOf(nonce),
    graceUntil: Number(graceUntil),
    now: Number(now),
    successor: textOf(successor),
    confirmed: Number(confirmed) === 1,
  };
}

function hasShape(values: readonly unknown[], { first, groups = [] }: Shape): boolean {
  const further = values.length - first.length;
  if (further < 0 || (groups.length === 0 ? further > 0 : further % groups.length > 0)) return false;
  for (let i = 0; i < values.length; i++) {
    const kind = i < first.length ? first[i]! : groups[(i - first.length) % groups.length]!;
    if (!isOf(kind, values[i])) return false;
  }
  return true;
}

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === 'number') return isNumber(value);
  return isStored(value) || (kind === 'text?' && value === null);
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint';
}

function strayReply(): SessionError {
  return new SessionError(
    'ERR_SESSION_STORE',
    'Redis answered with the reply to another command: its connection is out of step, so it is not known what this command did',
  );
}
