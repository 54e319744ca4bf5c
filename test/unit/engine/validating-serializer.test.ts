import { describe, expect, test, vi } from 'vitest';
import type { FieldIssue, FieldSchema, SessionError } from 'websauna-session';
import type { SchemaRules } from '../../../src/engine/field-schema.ts';
import { ValidatingSerializer } from '../../../src/engine/validating-serializer.ts';
import { EventHub } from '../../../src/events.ts';
import type { Serializer } from '../../../src/serializers/serializer.ts';

const JSON_ALONE: Serializer = {
  serialize: (value) => JSON.stringify(value),
  deserialize: (stored) => JSON.parse(String(stored)) as unknown,
};
const AT = { field: 'n', handle: 'h' };

type Validate = FieldSchema['~standard']['validate'];
const schema = (validate: Validate): FieldSchema => ({ '~standard': { version: 1, vendor: 'test', validate } });
/** Numbers, of which others are made where that can be. */
const NUMBERS = schema((value) =>
  Number.isFinite(Number(value)) ? { value: Number(value) } : { issues: [{ message: 'not a number', path: ['x'] }] },
);

function validating(
  inner: Serializer = JSON_ALONE,
  rules: Partial<SchemaRules> = {},
): ValidatingSerializer & { events: unknown[] } {
  const hub = new EventHub();
  const events: unknown[] = [];
  hub.on('invalidField', (event) => events.push(event));
  const all = { fields: new Map([['n', NUMBERS]]), version: 0, migrate: null, ...rules };
  return Object.assign(new ValidatingSerializer(inner, all, hub), { events });
}

describe('a field with a schema', () => {
  test('is stored and read as the schema has it; others are left alone', () => {
    const serializer = validating();
    expect([serializer.serialize('1', AT), serializer.deserialize('"2"', AT)]).toEqual(['1', 2]);
    const other = { ...AT, field: 'other' };
    expect([serializer.serialize('1', other), serializer.deserialize('"2"', other)]).toEqual(['"1"', '2']);
    expect(['n', 'other'].map((field) => serializer.validates(field))).toEqual([true, false]);
  });

  test('that does not fit what is stored is absent, and an event says where', () => {
    const serializer = validating();
    expect(serializer.deserialize('"none"', AT)).toBeUndefined();
    expect(serializer.events).toEqual([{ handle: 'h', field: 'n', version: 0, paths: ['n.x'], error: null }]);
  });

  test('of an older version is migrated, where the application can do so', () => {
    const migrate = vi.fn<NonNullable<SchemaRules['migrate']>>((_field, value) => Number(value) * 100);
    const migrating = validating(JSON_ALONE, { version: 2, migrate });
    expect(['5', '@1:5', '@2:5'].map((stored) => migrating.deserialize(stored, AT))).toEqual([500, 500, 5]);
    expect(migrate.mock.calls).toEqual([
      ['n', 5, 0],
      ['n', 5, 1],
    ]);
    expect(validating(JSON_ALONE, { version: 2 }).deserialize('@1:5', AT)).toBe(5);
  });
});

describe('the serializer behind it', () => {
  test('says whether values are bound to their session', () => {
    expect(validating().boundToHandle).toBe(false);
    expect(validating({ ...JSON_ALONE, boundToHandle: true }).boundToHandle).toBe(true);
  });

  test('checks what the schema has made of a value, if it checks anything', () => {
    const check = vi.fn<NonNullable<Serializer['check']>>();
    validating({ ...JSON_ALONE, check }).check('1', 'n');
    validating({ ...JSON_ALONE, check }).check('1', 'other');
    expect(check.mock.calls).toEqual([
      [1, 'n'],
      ['1', 'other'],
    ]);
    expect(() => validating().check('1', 'n')).not.toThrow();
  });

  test('makes the form for comparisons, of what the schema has made of the value', () => {
    const stableForm = (value: unknown): string => `stable ${String(value)}`;
    const sealed: Serializer = { ...JSON_ALONE, stableForm };
    const other = { ...AT, field: 'other' };
    expect([validating(sealed).stableForm('1', AT), validating(sealed).stableForm('1', other)]).toEqual([
      'stable 1',
      'stable 1',
    ]);
    expect([validating().stableForm('1', AT), validating().stableForm('1', other)]).toEqual(['1', '"1"']);
    // What does not fit is compared as it is.
    expect(validating(sealed).stableForm('none', AT)).toBe('stable none');
  });
});

describe('a value that does not fit', () => {
  const refuse = (issues: readonly FieldIssue[], field = 'n'): SessionError => {
    try {
      validating(JSON_ALONE, { fields: new Map([[field, schema(() => ({ issues }))]]) }).check(1, field);
    } catch (error) {
      return error as SessionError;
    }
    throw new Error('It was accepted.');
  };
  const at = (...path: PropertyKey[]): FieldIssue => ({ message: 'the value "secret"', path });

  test('is refused by an error with the issues, whose message names places and quotes nothing', () => {
    const issues = [at('a'), at('b', 0), at()];
    const error = refuse(issues);
    expect([error.code, error.issues]).toEqual(['ERR_SESSION_INVALID_FIELD', issues]);
    expect(error.message).toContain('`n` does not fit its schema at `n.a`, `n.b[0]`, `n`: the');
    expect(error.message).not.toContain('secret');
  });

  test('names three places, each once, and counts the others', () => {
    expect(refuse([at('a'), at('a'), at('b'), at('c'), at('d')]).message).toContain('at `n.a`, `n.b` and 2 more: the');
  });

  test('names the beginning of a long name', () => {
    const { message } = refuse([at()], 'x'.repeat(500));
    expect(message).toContain(`field \`${'x'.repeat(100)}\` does`);
    expect(message).not.toContain('x'.repeat(101));
  });
});

test('a schema that is asynchronous is a mistake, and its failure does not end the process', async () => {
  const stray = vi.fn<(reason: unknown) => void>();
  process.on('unhandledRejection', stray);
  const fields = new Map([['n', schema(() => Promise.reject(new Error('late')))]]);
  const serializer = validating(JSON_ALONE, { fields });
  expect(() => serializer.check(1, 'n')).toThrow(TypeError);
  expect(() => serializer.deserialize('1', AT)).toThrow('Expected `schema.n` to validate synchronously');
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', stray);
  expect(stray).not.toHaveBeenCalled();
});
