import type { FieldIssue } from '../errors.ts';

/** What a schema makes of a value: the value, perhaps changed, or what is wrong with it. */
export type FieldSchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly FieldIssue[] };

/**
 * A schema of one field: of any library that implements Standard Schema 1 (https://standardschema.dev), such as zod,
 * valibot and arktype. It has to validate synchronously, and to accept what it returns.
 */
export interface FieldSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => FieldSchemaResult<Output> | Promise<FieldSchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** Schemas by the names of fields; those without one take any value. */
export type FieldSchemas<Data extends object> = { readonly [Key in keyof Data]?: FieldSchema<Data[Key]> };

/**
 * The data that schemas describe, for `interface SessionData extends SchemaData<typeof schema> {}`.
 */
export type SchemaData<Schemas extends Readonly<Record<string, FieldSchema>>> = {
  -readonly [Key in keyof Schemas]: Schemas[Key] extends FieldSchema<infer Output> ? Output : never;
};

/** The schemas of a factory, checked. */
export interface SchemaRules {
  /** By the names of the store. */
  readonly fields: ReadonlyMap<string, FieldSchema>;
  /** 0 for none. */
  readonly version: number;
  /** Returns the value of a field of an older version in the shape of the present one; `undefined` for none. */
  readonly migrate: ((field: string, value: unknown, version: number) => unknown) | null;
}

/** A schema that cannot be used. */
export class AsyncSchemaError extends TypeError {}
