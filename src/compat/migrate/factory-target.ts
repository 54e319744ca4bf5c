import { fieldName } from '../../engine/field-names.ts';
import type { MigrationParts } from '../../engine/migration.ts';
import type { Stored } from '../../stores/store.ts';
import { foreignIdOf } from './foreign-cookies.ts';
import type { Target } from './migrator.ts';
import type { NormalizedSource } from './options.ts';

/** The property with the attributes of the cookie, which is another one here. */
const COOKIE = 'cookie';

/** Returns what sessions become for a factory: their fields, and the time that they have lived without being used. */
export function factoryTarget(
  { serializer, absoluteTimeout }: MigrationParts,
  { timeoutOf }: NormalizedSource,
): Target {
  return {
    idOf: foreignIdOf,
    absoluteTimeout: absoluteTimeout ?? 0,
    // Nothing is known of the cookie with which the record goes on, so that it is sent.
    cookieAttributes: () => '',
    timeoutOf: (session) => ({ seconds: timeoutOf(session), adjusted: true }),
    fieldsOf(session, handle) {
      const fields = new Map<string, Stored>();
      for (const [key, value] of Object.entries(session)) {
        if (key === COOKIE || key === '' || value === undefined) continue;
        const field = fieldName(key);
        fields.set(field, serializer.serialize(value, { field, handle }));
      }
      return fields;
    },
  };
}
