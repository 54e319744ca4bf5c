import { fieldName } from '../engine/field-names.ts';
import type { FieldSchema, SchemaRules } from '../engine/field-schema.ts';
import { checkFieldName, checkFunction, checkNumber, expected, isObject } from '../internal/validate.ts';
import type { SessionOptions } from './options.ts';

/** Checks the schemas of fields, and what belongs to them; `null` where there are none. */
export function normalizeSchema({
  schema,
  schemaVersion,
  migrate,
}: Pick<SessionOptions, 'schema' | 'schemaVersion' | 'migrate'>): SchemaRules | null {
  checkNumber('schemaVersion', schemaVersion, {
    of: 'that counts the versions of the schemas',
    min: 0,
    max: 999_999_999,
  });
  checkFunction(
    'migrate',
    migrate,
    'a function of field, value and version that returns the value of the present version',
  );
  const { version, from } = { version: schemaVersion ?? 0, from: migrate ?? null };
  if (from !== null && version === 0) {
    throw expected('schemaVersion', '1 or more with `migrate`', schemaVersion, 'Count it up whenever a schema changes');
  }
  if (schema === undefined) {
    if (version === 0) return null;
    throw expected('schema', 'an object of schemas with `schemaVersion`', schema, ADVICE);
  }
  if (!isObject(schema)) throw expected('schema', 'an object of schemas', schema, ADVICE);
  const fields = new Map<string, FieldSchema>();
  for (const [key, each] of Object.entries(schema)) {
    checkFieldName('schema', schema, key);
    if (!isFieldSchema(each)) throw expected(`schema.${key}`, 'a Standard Schema', each, ADVICE);
    fields.set(fieldName(key), each);
  }
  return { fields, version, migrate: from };
}

const ADVICE =
  'Pass schemas of zod, valibot, arktype or another library of https://standardschema.dev by the names of fields';

/** Those of arktype are functions. */
function isFieldSchema(given: unknown): given is FieldSchema {
  if (typeof given !== 'function' && !isObject(given)) return false;
  const standard: unknown = (given as Partial<FieldSchema>)['~standard'];
  return isObject(standard) && 'validate' in standard && typeof standard.validate === 'function';
}
