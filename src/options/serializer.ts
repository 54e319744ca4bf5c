import { checkFunction, describe, expected, isObject, isThenable } from '../internal/validate.ts';
import type { SessionOptions } from './options.ts';
import { isStored } from '../stores/store.ts';
import { json } from '../serializers/json.ts';
import type { Serializer, SerializerContext } from '../serializers/serializer.ts';

export interface NormalizedSerializer {
  readonly serializer: Serializer;
  /** True when `serialize` returns bytes; false for strings. */
  readonly bytes: boolean;
}

type SerializerOptions = Pick<SessionOptions, 'serialize' | 'deserialize' | 'serializer'>;

/** Finds the serializer among the options and tries it once. */
export function normalizeSerializer(options: SerializerOptions): NormalizedSerializer {
  const serializer = chooseSerializer(options);
  if (serializer === json) return { serializer, bytes: false };
  const [serialize, deserialize] =
    options.serializer === undefined
      ? (['serialize', 'deserialize'] as const)
      : (['serializer.serialize', 'serializer.deserialize'] as const);
  const stored = tryOut(serialize, () => serializer.serialize(PROBE, CONTEXT));
  if (!isStored(stored)) throw expected(serialize, 'a function that returns a string or a Uint8Array', stored, NEXT);
  const back = tryOut(deserialize, () => serializer.deserialize(stored, CONTEXT));
  if (JSON.stringify(back) !== JSON.stringify(PROBE)) {
    throw new TypeError(
      `Expected \`${deserialize}\` to reverse \`${serialize}\`, got something else for ${JSON.stringify(PROBE)}. ${NEXT}`,
    );
  }
  return { serializer, bytes: typeof stored !== 'string' };
}

/** A field's value of the kinds that every serializer must be able to keep. */
const PROBE: Readonly<Record<string, unknown>> = { probe: ['text \u20ac', 1.5, true, null, {}] };
const CONTEXT: SerializerContext = { field: 'probe', handle: 'probe' };
const NEXT = 'It is called with each value of a session, and with what the store kept of it';

function chooseSerializer({ serialize, deserialize, serializer }: SerializerOptions): Serializer {
  checkFunction('serialize', serialize, 'a function that turns a value into a string or a Uint8Array');
  checkFunction('deserialize', deserialize, 'the function that reverses `serialize`');
  if (serializer !== undefined) {
    if (serialize !== undefined || deserialize !== undefined) {
      throw new TypeError(
        'Expected `serializer` to stand alone, got `serialize` or `deserialize` too. Pass one or the other',
      );
    }
    if (
      !isObject(serializer) ||
      typeof serializer.serialize !== 'function' ||
      typeof serializer.deserialize !== 'function'
    ) {
      const next = typeof serializer === 'function' ? 'Call it: `rich()`, not `rich`' : undefined;
      throw expected('serializer', 'an object with serialize() and deserialize()', serializer, next);
    }
    return serializer;
  }
  if (serialize !== undefined && deserialize !== undefined) return { serialize, deserialize };
  if (serialize !== undefined) throw expected('deserialize', 'the function that reverses `serialize`', deserialize);
  if (deserialize !== undefined) throw expected('serialize', 'the function that `deserialize` reverses', serialize);
  return json;
}

function tryOut(name: string, call: () => unknown): unknown {
  let result: unknown;
  try {
    result = call();
  } catch (cause) {
    throw new TypeError(`Expected \`${name}\` to work on plain data, got an exception. ${NEXT}`, { cause });
  }
  if (isThenable(result)) {
    // Its failure would end the process, because nothing waits for it.
    (result as PromiseLike<unknown>).then(undefined, () => undefined);
    throw new TypeError(
      `Expected \`${name}\` to be synchronous, got ${describe(result)}. Do asynchronous work before \`session.set()\``,
    );
  }
  return result;
}
