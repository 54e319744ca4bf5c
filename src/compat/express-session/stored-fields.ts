import { fieldName, keyOfField } from '../../engine/field-names.ts';
import type { Stored } from '../../stores/store.ts';
import { COOKIE_FIELD, type CookieAttributes } from './cookie.ts';
import { toJson } from './serializer.ts';
import { setField } from './session.ts';

type Fields = Readonly<Record<string, Stored>>;

/** Returns the attributes of the cookie that a record has. */
export function storedCookie(fields: Fields): CookieAttributes {
  const text = Object.hasOwn(fields, COOKIE_FIELD) ? String(fields[COOKIE_FIELD]) : '{}';
  return JSON.parse(text) as CookieAttributes;
}

/** Sets the fields of a record as properties, but for the cookie, of which not all attributes are stored. */
export function setFields(session: object, fields: Fields): void {
  for (const [name, stored] of Object.entries(fields)) {
    const key = keyOfField(name);
    if (key !== undefined && key !== COOKIE_FIELD) setField(session, key, JSON.parse(String(stored)));
  }
}

/** Returns the fields of a session as records have them, but for the cookie. */
export function storedFields(session: object): [name: string, text: string][] {
  const fields: [name: string, text: string][] = [];
  for (const [key, value] of Object.entries(session) as [string, unknown][]) {
    const text = key === COOKIE_FIELD ? undefined : toJson(value);
    if (text !== undefined) fields.push([fieldName(key), text]);
  }
  return fields;
}
