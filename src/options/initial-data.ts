import type { SessionConfig } from '../engine/config.ts';
import { fieldName } from '../engine/field-names.ts';
import type { SchemaRules } from '../engine/field-schema.ts';
import { acceptValue } from '../engine/validating-serializer.ts';
import { checkFieldName, expected, isObject, isThenable } from '../internal/validate.ts';
import type { Serializer } from '../serializers/serializer.ts';
import type { SessionOptions } from './options.ts';

/** Checks the initial data, and returns what makes a copy for each session; `null` for none. */
export function normalizeInitialData(
  initial: SessionOptions['initialData'],
  serializer: Serializer,
  schema: SchemaRules | null,
): SessionConfig['initialData'] {
  if (initial === undefined) return null;
  if (typeof initial === 'function') return (request) => copyInitialData(initial(request), serializer);
  // Tried now, so that a value which cannot be stored is found before the first request.
  for (const [field, value] of Object.entries(copyInitialData(initial, serializer))) {
    serializer.serialize(value, { field, handle: 'initial' });
    const name = fieldName(field);
    const fieldSchema = schema?.fields.get(name);
    if (fieldSchema !== undefined) acceptValue(fieldSchema, name, value);
  }
  return () => copyInitialData(initial, serializer);
}

function copyInitialData(data: unknown, serializer: Serializer): Record<string, unknown> {
  if (!isObject(data) || isThenable(data))
    throw expected('initialData', 'an object, or a function that returns one', data);
  const copy: Record<string, unknown> = Object.create(null);
  for (const [field, value] of Object.entries(data)) {
    checkFieldName('initialData', data, field);
    if (value === undefined || typeof value === 'function' || typeof value === 'symbol') {
      throw expected(`initialData.${field}`, 'a value that can be stored', value, 'Leave out what a new session lacks');
    }
    const context = { field, handle: 'initial' };
    copy[field] =
      typeof value === 'object' && value !== null
        ? serializer.deserialize(serializer.serialize(value, context), context)
        : value;
  }
  return copy;
}
