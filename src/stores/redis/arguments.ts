import type {
  EndExplanation,
  LoginChange,
  NewRecord,
  NewTombstone,
  RecordChange,
  RecordDetails,
  RecordKey,
  RecordRekey,
  Stored,
} from '../store.ts';
import type { ValueEncoding } from './encoding.ts';
import { formatCookie, formatDetails, formatIndexKeys, formatLife, formatTimeout } from './record.ts';

// ARGV of the scripts in `lua/`, whose headers say what each argument is. Lists of fields are never spread into a
// call: its arguments go on the stack, which holds some ten thousands.

/** For `begin_life` of a rotation, which begins no life. */
const NO_LIFE: readonly string[] = ['', '', '', '', ''];

export function createArguments({ handle }: RecordKey, record: NewRecord, encoding: ValueEncoding): Stored[] {
  const { login } = record;
  const args = [
    handle,
    formatTimeout(record.timeout),
    formatCookie(record.cookieAttributes),
    ...lifeArguments(record.details, record.absoluteTimeout, login),
    ...admissionArguments(login),
    '',
    formatNumber(record.expiresIn ?? 0),
  ];
  addFields(args, record.fields, encoding);
  args.push(explanationArgument(record.explainEnds));
  return args;
}

/**
 * For the creation of a copy in another slot.
 * @param meta the metadata of the old record, as it is stored
 * @param fields all of the new record's
 * @param provisional seconds that the copy lives until a save confirms it; 0 for as long as any record
 */
export function copyArguments(
  { handle }: RecordKey,
  { login, timeout, cookieAttributes, explainEnds }: RecordRekey,
  meta: string,
  fields: ReadonlyMap<string, Stored>,
  provisional: number,
  encoding: ValueEncoding,
): Stored[] {
  const args = [
    handle,
    formatTimeout(timeout),
    formatCookie(cookieAttributes),
    ...(login === null ? NO_LIFE : lifeArguments(login.details, login.absoluteTimeout, login)),
    ...admissionArguments(login),
    meta,
    formatNumber(provisional),
  ];
  addFields(args, fields, encoding);
  args.push(explanationArgument(explainEnds));
  return args;
}

export function saveArguments(change: RecordChange, encoding: ValueEncoding): Stored[] {
  const { timeout, cookieAttributes, confirmsCookie, maxSize, explainEnds } = change;
  // One argument: the client library spends more on each than these take to join.
  const settings = `${formatTimeout(timeout)}:${formatCookie(cookieAttributes)}:${flag(confirmsCookie)}:${maxSize ?? ''}`;
  const args = addChange([settings], change, encoding);
  args.push(explanationArgument(explainEnds));
  return args;
}

export function rekeyArguments(from: RecordKey, to: RecordKey, rekey: RecordRekey, encoding: ValueEncoding): Stored[] {
  const { login } = rekey;
  return [
    from.handle,
    to.handle,
    formatTimeout(rekey.timeout),
    formatCookie(rekey.cookieAttributes),
    ...(login === null ? NO_LIFE : lifeArguments(login.details, login.absoluteTimeout, login)),
    ...admissionArguments(login),
    flag(rekey.confirmsCookie),
    ...tombstoneArguments(rekey.tombstone, to),
    flag(rekey.exact),
    ...changeArguments(rekey, encoding),
    explanationArgument(rekey.explainEnds),
  ];
}

/**
 * @param meta the metadata that the copy was made from, as it is stored
 * @param fields all fields that it was made from
 */
export function deleteRotatedArguments(
  to: RecordKey,
  { tombstone, confirmsCookie }: RecordRekey,
  meta: string,
  fields: ReadonlyMap<string, Stored>,
  encoding: ValueEncoding,
): Stored[] {
  const expectations = { set: new Map<string, Stored>(), delete: new Set<string>(), expect: fields };
  return [flag(confirmsCookie), ...tombstoneArguments(tombstone, to), meta, ...changeArguments(expectations, encoding)];
}

export function destroyArguments(
  { handle }: RecordKey,
  tombstone: NewTombstone | null,
  explanation: EndExplanation | null,
): Stored[] {
  const kept = [formatNumber(tombstone?.grace ?? 0), formatNumber(tombstone?.keep ?? 0)];
  return [handle, ...kept, ...explanationArguments(explanation)];
}

/** Returns why records end, who ends them if that is said, and for how long it is explained. */
export function explanationArguments(explanation: EndExplanation | null): string[] {
  const { reason = '', by = null, keep } = explanation ?? {};
  return by === null ? [reason, explanationArgument(keep)] : [reason, by, explanationArgument(keep)];
}

/** For a copy that becomes the record of a login; see `lua/confirm.lua`. */
export function confirmArguments(from: RecordKey, to: RecordKey, { tombstone, explainEnds }: RecordRekey): string[] {
  return [to.handle, from.handle, tombstone?.nonce ?? '', explanationArgument(explainEnds)];
}

function explanationArgument(seconds = 0): string {
  return seconds > 0 ? formatNumber(seconds) : '';
}

export function formatNumber(number: number | null): string {
  return number === null ? '' : String(number);
}

function flag(value: boolean): string {
  return value ? '1' : '0';
}

function lifeArguments(details: RecordDetails, absoluteTimeout: number | null, login: LoginChange | null): string[] {
  return [
    formatLife(absoluteTimeout, login),
    formatNumber(login?.age ?? null),
    formatNumber(login?.authenticatedAt ?? null),
    formatIndexKeys(details.indexKeys),
    formatDetails(details),
  ];
}

function admissionArguments(login: LoginChange | null): string[] {
  const evicts = login?.onSessionLimit === 'evict-oldest';
  return [formatNumber(login?.pendingSince ?? null), formatNumber(login?.max ?? 0), flag(evicts)];
}

function tombstoneArguments(tombstone: NewTombstone | null, { handle }: RecordKey): string[] {
  if (tombstone === null) return ['', '0', '0', ''];
  const { nonce, grace, keep, namesSuccessor } = tombstone;
  return [nonce, formatNumber(grace), formatNumber(keep), namesSuccessor ? handle : ''];
}

function changeArguments(change: Pick<RecordChange, 'set' | 'delete' | 'expect'>, encoding: ValueEncoding): Stored[] {
  return addChange([], change, encoding);
}

function addChange(
  args: Stored[],
  { set, delete: deleted, expect }: Pick<RecordChange, 'set' | 'delete' | 'expect'>,
  encoding: ValueEncoding,
): Stored[] {
  args.push(`${deleted.size}:${expect?.size ?? 0}`);
  for (const name of deleted) args.push(name);
  if (expect !== null) {
    for (const [name, value] of expect) {
      args.push(name, flag(value !== undefined), value === undefined ? '' : encoding.encode(value));
    }
  }
  return addFields(args, set, encoding);
}

function addFields(args: Stored[], fields: ReadonlyMap<string, Stored>, encoding: ValueEncoding): Stored[] {
  for (const [name, value] of fields) args.push(name, encoding.encode(value));
  return args;
}
