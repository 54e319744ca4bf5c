import type { RecordKey, ScannedRecord, Stored } from '../store.ts';
import type { RedisDriver, Reply } from './driver.ts';
import { storeError } from './errors.ts';
import { parseLastSeen, parseMeta, textOf } from './record.ts';
import { scripts } from './scripts.generated.ts';

/** Keys that the server looks at in one step, while it serves nobody else. */
const PAGE = 500;

/** Owned or anonymous; indexes, indexKeys and the keys of others have other names. */
const RECORD_NAME = /^(?:\{([\w-]{16})\}:)?([\w-]{43})$/;

/** Goes through all records under a prefix: one page of names after another, and what their records are. */
export async function* scanRecords(driver: RedisDriver, prefix: string): AsyncGenerator<ScannedRecord> {
  const names = driver.scan(`${literally(prefix)}*`, PAGE)[Symbol.asyncIterator]();
  const next = (): Promise<readonly ScannedRecord[] | undefined> => nextPage(driver, prefix, names);
  for (let page = await next(); page !== undefined; page = await next()) yield* page;
}

async function nextPage(
  driver: RedisDriver,
  prefix: string,
  names: AsyncIterator<string[]>,
): Promise<readonly ScannedRecord[] | undefined> {
  try {
    const page = await names.next();
    if (page.done === true) return undefined;
    const records = await Promise.all(page.value.map((name) => readRecord(driver, prefix, name)));
    return records.filter((record) => record !== undefined);
  } catch (error) {
    throw storeError('find', error);
  }
}

async function readRecord(driver: RedisDriver, prefix: string, name: string): Promise<ScannedRecord | undefined> {
  const key = keyOf(prefix, name);
  if (key === undefined) return undefined;
  const [text, seen] = (await driver.evaluate(scripts.getMetadata, [name], [], false)) as readonly (
    | Reply
    | undefined
  )[];
  const meta = text == null ? undefined : parseMeta(textOf(text as Stored));
  const lastSeen = seen == null ? undefined : parseLastSeen(seen as Stored);
  return meta === undefined || lastSeen === undefined ? undefined : { key, meta, lastSeen };
}

function keyOf(prefix: string, name: string): RecordKey | undefined {
  const match = RECORD_NAME.exec(name.slice(prefix.length));
  return match === null ? undefined : { handle: match[2]!, ownerHash: match[1] ?? null };
}

/** A glob-style pattern that matches a text alone. */
function literally(text: string): string {
  return text.replaceAll(/[\\*?[\]^]/g, String.raw`\$&`);
}
