import type { ScannedRecord, Stored } from '../store.ts';
import type { RedisDriver } from './driver.ts';
import { storeError } from './errors.ts';
import type { KeyNames } from './keys.ts';
import { parseLastSeen, parseMeta, textOf } from './record.ts';
import type { ScriptRunner } from './script-runner.ts';

/** Keys that the server looks at in one step, while it serves no other client. */
const PAGE = 500;

/** Goes through all records under a prefix: one page of names after another, and what their records are. */
export async function* scanRecords(
  driver: RedisDriver,
  keys: KeyNames,
  runner: ScriptRunner,
): AsyncGenerator<ScannedRecord> {
  const pages = driver.scan(keys.pattern, PAGE)[Symbol.asyncIterator]();
  for (;;) {
    let names: readonly string[];
    try {
      const page = await pages.next();
      if (page.done === true) return;
      names = page.value;
    } catch (error) {
      throw storeError('find', error);
    }
    const records = await Promise.all(names.map((name) => readRecord(keys, runner, name)));
    for (const record of records) if (record !== undefined) yield record;
  }
}

async function readRecord(keys: KeyNames, runner: ScriptRunner, name: string): Promise<ScannedRecord | undefined> {
  const key = keys.parseRecord(name);
  if (key === undefined) return undefined;
  const { status, values } = await runner.run('getMetadata', [name], []);
  if (status !== 'ok') return undefined;
  const meta = parseMeta(textOf(values[0] as Stored));
  const lastSeen = values[1] === null ? undefined : parseLastSeen(values[1] as Stored);
  return meta === undefined || lastSeen === undefined ? undefined : { key, meta, lastSeen };
}
