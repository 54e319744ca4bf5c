import type {
  AuditLimits,
  AuditQuery,
  AuditRecord,
  AuditTrail,
  CreateOutcome,
  DestroyOutcome,
  EndExplanation,
  EndListener,
  EventWatcher,
  LoadResult,
  LoginIndex,
  NewRecord,
  NewTombstone,
  OwnedRecord,
  OwnerIndex,
  RecordChange,
  RecordChecks,
  RecordKey,
  RecordRekey,
  RekeyOutcome,
  SaveOutcome,
  ScannedRecord,
  SessionScanner,
  SessionStatistics,
  SessionStore,
  SessionWatcher,
  SharedEventListener,
  StatsReport,
  StatsUnit,
  Stored,
  StoredStats,
  TakeOutcome,
} from '../store.ts';
import { readTrail } from './audit.ts';
import {
  confirmArguments,
  copyArguments,
  createArguments,
  deleteRotatedArguments,
  destroyArguments,
  explanationArguments,
  formatNumber,
  rekeyArguments,
  saveArguments,
} from './arguments.ts';
import { rekeyAcrossSlots, type CrossSlotOps } from './cluster/cross-slot-rekey.ts';
import { ComposedScriptRunner } from './composed-runner.ts';
import type { RedisDriver, RedisServer } from './driver.ts';
import type { ValueEncoding } from './encoding.ts';
import { checkRecords } from './ends/check-records.ts';
import { dispatchMessage } from './ends/messages.ts';
import { endsNotPublished, eventsNotReceived } from './errors.ts';
import { dispatchEvents } from './event-messages.ts';
import { KeyNames } from './keys.ts';
import { MessageFeed, type Subscribe } from './message-feed.ts';
import { parseLastSeen, parseMeta, textOf } from './record.ts';
import { RecordReader } from './record-reader.ts';
import { decodedFieldsFromReply, handlesFromReply, outcomeFromReply } from './replies.ts';
import { scanRecords } from './scan.ts';
import { addStats, readStats } from './stats.ts';
import { ScriptRunner } from './script-runner.ts';

function isExplained({ explainEnds = 0 }: { readonly explainEnds?: number }): boolean {
  return explainEnds > 0;
}

/** What a store works with. */
export interface RedisInspection {
  readonly prefix: string;
  /** Whether the client is one of a cluster. */
  readonly cluster: boolean;
  /** The channel that ends are published to; `null` when they are not. */
  readonly endChannel: string | null;
  /** The channel for the events of processes that publish them. */
  readonly eventChannel: string;
  /** The server, or all masters of a cluster. */
  readonly servers: readonly RedisServer[];
}

/** How a store sends and receives messages. */
export interface Messaging {
  /** Returns what subscribes to a channel. Throws for a client that cannot. */
  readonly subscribeTo: (channel: string) => Subscribe;
  /** Whether the ends of sessions are published. */
  readonly publishEnds: boolean;
}

/** Sessions in Redis: a hash for each, changed by scripts only. */
export class RedisStore
  implements
    SessionStore,
    OwnerIndex,
    LoginIndex,
    SessionScanner,
    SessionWatcher,
    AuditTrail,
    SessionStatistics,
    EventWatcher
{
  readonly #driver: RedisDriver;
  readonly #keys: KeyNames;
  readonly #encoding: ValueEncoding;
  readonly #timeout: number | null;
  readonly #ends: MessageFeed<EndListener> | null;
  readonly #messaging: Messaging | null;
  /** Made for the first listener. */
  #events: MessageFeed<SharedEventListener> | undefined;
  #audit: AuditLimits | null = null;
  #runner: ScriptRunner;
  #reader: RecordReader;

  /**
   * @param timeout seconds after which the driver abandons a command, which must not be carried out later
   * @param messaging `null`: nothing is published or received
   */
  constructor(
    driver: RedisDriver,
    prefix: string,
    encoding: ValueEncoding,
    timeout: number | null,
    messaging: Messaging | null = null,
  ) {
    this.#driver = driver;
    this.#keys = new KeyNames(prefix);
    this.#encoding = encoding;
    this.#timeout = timeout;
    this.#messaging = messaging;
    this.#ends =
      messaging?.publishEnds === true
        ? new MessageFeed<EndListener>(messaging.subscribeTo(this.#keys.endChannel), dispatchMessage)
        : null;
    this.#runner = this.#newRunner();
    this.#reader = this.#newReader();
  }

  /**
   * Returns what the store works with, and a way to its servers.
   * @internal for the command line
   */
  async inspect(): Promise<RedisInspection> {
    const { prefix, endChannel, eventChannel } = this.#keys;
    return {
      prefix,
      cluster: this.#driver.cluster,
      endChannel: this.#ends === null ? null : endChannel,
      eventChannel,
      servers: (await this.#driver.servers?.()) ?? [],
    };
  }

  now(): Promise<number> {
    return this.#runner.now(this.#keys.unused);
  }

  load(key: RecordKey, bypassCache = false, explainEnds = 0): Promise<LoadResult | undefined> {
    return this.#reader.load(key, bypassCache, explainEnds);
  }

  async create(key: RecordKey, record: NewRecord): Promise<CreateOutcome> {
    const args = createArguments(key, record, this.#encoding);
    const keys = this.#keys.withIndex(key, isExplained(record));
    return (await this.#admit('create', key, keys, args)) as CreateOutcome;
  }

  async save(key: RecordKey, change: RecordChange): Promise<SaveOutcome> {
    const args = saveArguments(change, this.#encoding);
    const keys = this.#keys.withIndex(key, isExplained(change));
    const reply = await this.#runner.runWithDeadline('save', keys, args);
    if (reply.status === 'too-large') return { status: 'too-large', size: Number(reply.values[0]) };
    return outcomeFromReply(reply, this.#encoding) as SaveOutcome;
  }

  async rekey(from: RecordKey, to: RecordKey, rekey: RecordRekey): Promise<RekeyOutcome> {
    // The owner's sessions are elsewhere under a new secret, and anonymous ones each by itself.
    const crossesSlots = from.ownerHash === null || from.ownerHash !== to.ownerHash;
    if (this.#driver.cluster && crossesSlots) return await rekeyAcrossSlots(this.#slots, from, to, rekey);
    const keys = [this.#keys.record(from), ...this.#keys.withIndex(to, false)];
    if (from.ownerHash !== null) keys.push(this.#keys.ownerIndex(from.ownerHash));
    if (isExplained(rekey)) keys.push(...[to, from].flatMap((key) => this.#expiryOf(key)));
    return await this.#admit('rekey', to, keys, rekeyArguments(from, to, rekey, this.#encoding));
  }

  async take(key: RecordKey, prefix: string): Promise<TakeOutcome> {
    const keys = this.#keys.withIndex(key, false);
    const reply = await this.#runner.runWithDeadline('take', keys, [key.handle, prefix, '']);
    if (reply.status !== 'ok') return outcomeFromReply(reply, this.#encoding) as TakeOutcome;
    return {
      status: 'ok',
      fields: decodedFieldsFromReply('take', reply.values, 1, this.#encoding),
      now: Number(reply.values[0]),
    };
  }

  async destroy(
    key: RecordKey,
    tombstone: NewTombstone | null = null,
    explanation: EndExplanation | null = null,
  ): Promise<DestroyOutcome> {
    const args = destroyArguments(key, tombstone, explanation);
    const keys = this.#keys.withIndex(key, (explanation?.keep ?? 0) > 0);
    const reply = await this.#runner.runWithDeadline('destroy', keys, args);
    return outcomeFromReply(reply, this.#encoding) as DestroyOutcome;
  }

  async listOwned(ownerHash: string): Promise<readonly OwnedRecord[]> {
    const keys = [this.#keys.ownerIndex(ownerHash)];
    const { values } = await this.#runner.run('list', keys, [this.#keys.ownerPrefix(ownerHash)]);
    const owned: OwnedRecord[] = [];
    for (let i = 1; i < values.length; i += 3) {
      const meta = parseMeta(textOf(values[i + 1] as Stored));
      const lastSeen = parseLastSeen((values[i + 2] ?? '') as Stored);
      if (meta === undefined || lastSeen === undefined) continue;
      owned.push({ handle: textOf(values[i] as Stored), meta, lastSeen });
    }
    return owned;
  }

  async revokeOwned(
    ownerHash: string,
    except: string | null,
    indexKey: string | null,
    keep: number,
    explanation: EndExplanation | null = null,
  ): Promise<readonly string[]> {
    const which = [this.#keys.ownerPrefix(ownerHash), except ?? '', indexKey ?? '', formatNumber(keep)];
    const args = [...which, ...explanationArguments(explanation)];
    const { values } = await this.#runner.runWithDeadline('revoke', [this.#keys.ownerIndex(ownerHash)], args);
    const ended = handlesFromReply(values);
    this.#forget(ownerHash, ended);
    return ended;
  }

  async addIndexKey(indexKey: string, ownerHash: string, keep: number): Promise<void> {
    await this.#runner.run('addIndexKey', [this.#keys.loginIndex(indexKey)], [ownerHash, formatNumber(keep)]);
  }

  async findOwnerHashes(indexKey: string): Promise<readonly string[]> {
    const { values } = await this.#runner.run('getIndexOwners', [this.#keys.loginIndex(indexKey)], []);
    return values.map((ownerHash) => textOf(ownerHash as Stored));
  }

  async removeIndexKey(indexKey: string, ownerHash: string, age: number): Promise<void> {
    await this.#runner.run('removeIndexKey', [this.#keys.loginIndex(indexKey)], [ownerHash, formatNumber(age)]);
  }

  scan(): AsyncGenerator<ScannedRecord> {
    return scanRecords(this.#driver, this.#keys, this.#runner);
  }

  watchEnds(listener: EndListener): () => void {
    if (this.#ends === null) throw endsNotPublished();
    return this.#ends.add(listener);
  }

  watchEvents(listener: SharedEventListener): () => void {
    if (this.#messaging === null) throw eventsNotReceived();
    this.#events ??= new MessageFeed<SharedEventListener>(
      this.#messaging.subscribeTo(this.#keys.eventChannel),
      dispatchEvents,
    );
    return this.#events.add(listener);
  }

  checkRecords(keys: readonly RecordKey[]): Promise<RecordChecks> {
    return checkRecords(this.#runner, this.#keys, keys, this.#driver.cluster);
  }

  startAudit(limits: AuditLimits): void {
    this.#audit = limits;
    this.#runner = this.#newRunner();
    this.#reader = this.#newReader();
  }

  async reportReuse(key: RecordKey): Promise<void> {
    await this.#runner.run('reportReuse', [this.#keys.record(key)], []);
  }

  readAudit(ownerHash: string, query: AuditQuery): Promise<readonly AuditRecord[]> {
    return readTrail(this.#runner, this.#keys.auditTrail(ownerHash), query, this.#audit);
  }

  addStats(report: StatsReport, keep: number): Promise<void> {
    return addStats(this.#runner, this.#keys, report, keep);
  }

  readStats(since: number | null, keep: number, by: StatsUnit = 'minute'): Promise<StoredStats> {
    return readStats(this.#runner, this.#keys, since, keep, by);
  }

  async close(): Promise<void> {
    await this.#ends?.close();
    await this.#events?.close();
    await this.#driver.close();
  }

  readonly #slots: CrossSlotOps = {
    read: (key) => this.#reader.readRaw(key),
    load: (key) => this.load(key, true),
    encode: (value) => this.#encoding.encode(value),
    copy: (to, { text }, rekey, fields, provisional) => {
      const args = copyArguments(to, rekey, text, fields, provisional, this.#encoding);
      return this.#admit('create', to, this.#keys.withIndex(to, isExplained(rekey)), args);
    },
    confirm: async (from, to, rekey) => {
      const keys = this.#keys.withIndex(to, isExplained(rekey));
      const reply = await this.#runner.runWithDeadline('confirm', keys, confirmArguments(from, to, rekey));
      return outcomeFromReply(reply, this.#encoding) as SaveOutcome;
    },
    destroy: (key) => this.destroy(key),
    deleteRotated: async (from, to, rekey, { text, fields }) => {
      const args = deleteRotatedArguments(to, rekey, text, fields, this.#encoding);
      const keys = [this.#keys.record(from), ...(isExplained(rekey) ? this.#expiryOf(from) : [])];
      return outcomeFromReply(await this.#runner.runWithDeadline('deleteRotated', keys, args), this.#encoding);
    },
  };

  #newRunner(): ScriptRunner {
    const { needsBytes } = this.#encoding;
    const channel = this.#ends === null ? null : this.#keys.endChannel;
    if (channel === null && this.#audit === null) return new ScriptRunner(this.#driver, this.#timeout, needsBytes);
    return new ComposedScriptRunner(this.#driver, this.#timeout, needsBytes, { channel, audit: this.#audit });
  }

  #newReader(): RecordReader {
    return new RecordReader({
      driver: this.#driver,
      keys: this.#keys,
      encoding: this.#encoding,
      runner: this.#runner,
    });
  }

  #expiryOf(key: RecordKey): string[] {
    return key.ownerHash === null ? [] : [this.#keys.expiry(key)];
  }

  /** Runs a script that may end other sessions of the owner of a key. */
  async #admit(
    script: 'create' | 'rekey',
    { ownerHash }: RecordKey,
    keys: readonly string[],
    args: Stored[],
  ): Promise<RekeyOutcome> {
    const outcome = outcomeFromReply(await this.#runner.runWithDeadline(script, keys, args), this.#encoding);
    if (outcome.status === 'ok' && ownerHash !== null) this.#forget(ownerHash, outcome.evicted);
    return outcome;
  }

  /** Drops ended sessions from the cache. The server's invalidations come later than the script's reply. */
  #forget(ownerHash: string, handles: readonly string[]): void {
    this.#driver.invalidate?.(handles.map((handle) => this.#keys.record({ handle, ownerHash })));
  }
}
