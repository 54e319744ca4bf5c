import type { Stored } from '../../store.ts';

/**
 * Names and values of a hash. Without `Object.prototype` behind it, whose `__proto__` swallows a field of
 * that name; as a class, because objects from `Object.create(null)` are slower.
 */
class Fields {
  [name: string]: Stored;
}
Object.setPrototypeOf(Fields.prototype, null);
Reflect.deleteProperty(Fields.prototype, 'constructor');

/** Makes fields of alternating names and values. */
export function fieldsFrom(items: readonly Stored[]): Record<string, Stored> {
  const fields = new Fields();
  for (let i = 0; i < items.length; i += 2) fields[String(items[i])] = items[i + 1]!;
  return fields;
}
