import { SessionError, type FieldIssue } from '../errors.ts';
import type { EventHub } from '../events.ts';
import { describe, isThenable } from '../internal/validate.ts';
import { pathOf } from '../internal/value-path.ts';
import type { Serializer, SerializerContext } from '../serializers/serializer.ts';
import type { Stored } from '../stores/store.ts';
import { keyOfField } from './field-names.ts';
import type { FieldSerializer } from './stored-fields.ts';
import { AsyncSchemaError, type FieldSchema, type FieldSchemaResult, type SchemaRules } from './field-schema.ts';
import { markVersion, splitVersion } from './version-marker.ts';

/** What became of a stored value. */
interface Problem {
  readonly paths: readonly string[];
  readonly error: unknown;
}

/**
 * A serializer in front of another one: it validates the fields that have a schema, before they are stored and after
 * they are read, and brings older versions forward. A stored value that does not fit counts as none, and is reported.
 */
export class ValidatingSerializer implements FieldSerializer {
  readonly inner: Serializer;
  readonly boundToHandle: boolean;
  readonly #rules: SchemaRules;
  readonly #events: EventHub;

  constructor(inner: Serializer, rules: SchemaRules, events: EventHub) {
    this.inner = inner;
    this.boundToHandle = inner.boundToHandle === true;
    this.#rules = rules;
    this.#events = events;
  }

  validates(field: string): boolean {
    return this.#rules.fields.has(field);
  }

  check(value: unknown, field: string): void {
    const schema = this.#rules.fields.get(field);
    const accepted = schema === undefined ? value : acceptValue(schema, field, value);
    this.inner.check?.(accepted, field);
  }

  serialize(value: unknown, context: SerializerContext): Stored {
    const schema = this.#rules.fields.get(context.field);
    if (schema === undefined) return this.inner.serialize(value, context);
    const { version } = this.#rules;
    return markVersion({
      version,
      body: this.inner.serialize(acceptValue(schema, context.field, value), withVersion(context, version)),
    });
  }

  deserialize(stored: Stored, context: SerializerContext): unknown {
    const { version, body } = splitVersion(stored);
    const value = this.inner.deserialize(body, withVersion(context, version));
    const schema = this.#rules.fields.get(context.field);
    return schema === undefined ? value : this.#read(schema, value, version, context);
  }

  /** Two values that the schema makes one of, such as by its defaults, have one form. */
  stableForm(value: unknown, context: SerializerContext): Stored {
    const schema = this.#rules.fields.get(context.field);
    const result = schema === undefined ? { value } : validate(schema, context.field, value);
    const valid = result.issues === undefined ? result.value : value;
    return this.inner.stableForm?.(valid, context) ?? this.inner.serialize(valid, context);
  }

  /** Returns a stored value in its present shape; `undefined` when it does not fit. */
  #read(schema: FieldSchema, stored: unknown, version: number, { field, handle }: SerializerContext): unknown {
    const { version: present, migrate } = this.#rules;
    let value = stored;
    let problem: Problem;
    try {
      if (version < present && migrate !== null) value = migrate(keyOfField(field)!, stored, version);
      if (value === undefined) return undefined;
      const result = validate(schema, field, value);
      if (result.issues === undefined) return result.value;
      problem = { paths: result.issues.map(({ path }) => keyOfField(field)! + pathOf(path)), error: null };
    } catch (error) {
      if (error instanceof AsyncSchemaError) throw error;
      problem = { paths: [], error };
    }
    this.#events.emit('invalidField', { handle, field: keyOfField(field)!, version, ...problem });
    return undefined;
  }
}

function withVersion(context: SerializerContext, version: number): SerializerContext {
  return version === 0 ? context : { ...context, version };
}

/**
 * Returns what a schema makes of a value that is about to be stored.
 * @throws {SessionError} `ERR_SESSION_INVALID_FIELD`
 */
export function acceptValue(schema: FieldSchema, field: string, value: unknown): unknown {
  const result = validate(schema, field, value);
  if (result.issues === undefined) return result.value;
  throw invalid(keyOfField(field)!, result.issues);
}

function validate(schema: FieldSchema, field: string, value: unknown): FieldSchemaResult<unknown> {
  const result = schema['~standard'].validate(value);
  if (!isThenable(result)) return result as FieldSchemaResult<unknown>;
  // Its failure would end the process, because nothing waits for it.
  (result as Promise<unknown>).then(undefined, () => undefined);
  throw new AsyncSchemaError(
    `Expected \`schema.${keyOfField(field)!}\` to validate synchronously, got ${describe(result)}. Check what has to be waited for before \`session.set()\``,
  );
}

/** The messages of schemas quote values, so that they are in `issues` alone. */
function invalid(key: string, issues: readonly FieldIssue[]): SessionError {
  const name = key.slice(0, 100);
  const places = [...new Set(issues.slice(0, 3).map(({ path }) => `\`${name}${pathOf(path)}\``))];
  const more = issues.length > 3 ? ` and ${issues.length - 3} more` : '';
  return new SessionError(
    'ERR_SESSION_INVALID_FIELD',
    `Session field \`${name}\` does not fit its schema at ${places.join(', ')}${more}: the error's \`issues\` say why`,
    { issues },
  );
}
