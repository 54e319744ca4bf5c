// One slot of a Cluster: owners whose sessions are in it, the sessions themselves, and its move to another master.
import { randomBytes } from 'node:crypto';
import { RESP_TYPES } from 'redis';
import { Keyring } from '../../dist/crypto/keyring.js';
import { slotOf } from '../../dist/stores/redis/cluster/slot.js';
import { BATCH, command, LIFE, pipe, startOf } from './fill.mjs';
import { SECRET } from './site.mjs';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Names of `count` owners whose sessions lie in the slot. */
export function ownersIn(slot, count) {
  const keyring = new Keyring([SECRET]);
  const owners = [];
  for (let i = 0; owners.length < count; i++) {
    if (slotOf(keyring.ownerHash(`owner-${i}`)) === slot) owners.push(`owner-${i}`);
  }
  return owners;
}

/** Ends of three characters, by what they make of the slot. */
function endings() {
  const ends = new Map();
  for (const a of ALPHABET) for (const b of ALPHABET) for (const c of ALPHABET) ends.set(slotOf(a + b + c), a + b + c);
  return ends;
}

/** CRC16 is linear, so for any beginning there is an end that leads to the slot. */
function ownerHashIn(slot, ends) {
  for (;;) {
    const start = randomBytes(10).toString('base64url').slice(0, 13);
    const end = ends.get(slotOf(`${start}\0\0\0`) ^ slot);
    if (end !== undefined) return start + end;
  }
}

/** Sessions like the one that is dumped, and their index. */
function ownerOf(ownerHash, dump, each) {
  const start = startOf(ownerHash);
  const handles = Array.from({ length: each }, () => randomBytes(32).toString('base64url'));
  const entries = handles.flatMap((handle, i) => [String(Date.now() * 1000 + i), handle]);
  const index = [command(['ZADD', `${start}owner`, ...entries]), command(['PEXPIRE', `${start}owner`, String(LIFE)])];
  return [Buffer.concat(index), ...handles.map((handle) => command(['RESTORE', start + handle, String(LIFE), dump]))];
}

function shuffle(list) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
}

async function keysIn({ client }, slot, count) {
  return await client.sendCommand(['CLUSTER', 'GETKEYSINSLOT', String(slot), String(count)]);
}

/**
 * Adds owners of `each` sessions, until the slot has `count`. All keys are in random order then, also those that were
 * there before: Redis hands out the keys of a slot in the order of their age, and an owner's are of different ages.
 */
export async function fillSlot(server, slot, count, each) {
  const { client } = server;
  const keys = await keysIn(server, slot, 1_000_000);
  const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const dumps = await Promise.all(keys.map((key) => bytes.sendCommand(['DUMP', key])));
  await client.flushAll();
  const commands = keys.map((key, at) => command(['RESTORE', key, String(LIFE), dumps[at]]));
  const sessions = keys.flatMap((key, at) => (key.endsWith(':owner') ? [] : [dumps[at]]));
  const ends = endings();
  for (let i = sessions.length; i < count; i += each)
    commands.push(...ownerOf(ownerHashIn(slot, ends), sessions[0], each));
  shuffle(commands);
  const pieces = [];
  for (let i = 0; i < commands.length; i += BATCH) pieces.push(Buffer.concat(commands.slice(i, i + BATCH)));
  await pipe(server, pieces);
}

/** Moves a slot as `redis-cli --cluster reshard` does, with its `--cluster-pipeline`; returns seconds. */
export async function moveSlot(slot, from, to, others, pipeline) {
  const set = (server, ...words) => server.client.sendCommand(['CLUSTER', 'SETSLOT', String(slot), ...words]);
  const [fromId, toId] = await Promise.all([from, to].map(({ client }) => client.sendCommand(['CLUSTER', 'MYID'])));
  const begun = performance.now();
  await set(to, 'IMPORTING', fromId);
  await set(from, 'MIGRATING', toId);
  for (;;) {
    const keys = await keysIn(from, slot, pipeline);
    if (keys.length === 0) break;
    await from.client.sendCommand(['MIGRATE', '127.0.0.1', String(to.port), '', '0', '60000', 'KEYS', ...keys]);
  }
  for (const server of [to, from, ...others]) await set(server, 'NODE', toId);
  return (performance.now() - begun) / 1000;
}
