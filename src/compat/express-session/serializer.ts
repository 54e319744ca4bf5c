import type { Serializer } from '../../serializers/serializer.ts';

/**
 * JSON as express-session writes it: what JSON has no form for is lost or becomes something else, dates become text.
 * Applications rely on finding text where they have stored a date.
 */
export const lossyJson: Serializer = {
  serialize: (value) => toJson(value) ?? 'null',
  deserialize: (stored) => JSON.parse(String(stored)) as unknown,
};

/** Returns a value as JSON; `undefined` where a property with this value would be left out. */
export function toJson(value: unknown): string | undefined {
  return JSON.stringify(value);
}
