import type { CorruptReason } from 'websauna-session/store';

/** Puts something else where a session is; bytes are written in Latin-1 (`\xff` is one byte). */
export type Damage = (key: string) => readonly (readonly string[])[];

/** As Lua writes it, because no client sends bytes that are not UTF-8 as text. */
const bytes = (key: string, ...args: string[]): string[] => {
  const quoted = args.map((arg) => `"${arg.replaceAll(/[^\x20-\x7e]|["\\]/g, escaped)}"`);
  return ['EVAL', `return redis.call("HSET", KEYS[1], ${quoted.join(', ')})`, '1', key];
};
const escaped = (letter: string): string => `\\${letter.charCodeAt(0).toString().padStart(3, '0')}`;

const now = Date.now();
/** Metadata with something else in place of some segments. */
const meta = (
  segments: Partial<Record<'created' | 'timeout' | 'expires' | 'login' | 'sent' | 'cookie' | 'keys', unknown>> = {},
  details = '[0,0,0,0]',
): string => {
  const { created = now, timeout = 1200, expires = 0, login = 0, sent = 0, cookie = 'c', keys = '' } = segments;
  return ['1', created, timeout, expires, login, sent, cookie, keys, details].join(':');
};
const META = meta();
const HUGE = '9'.repeat(400);
const remade =
  (...fields: string[]): Damage =>
  (key) => [
    ['DEL', key],
    ['HSET', key, ...fields],
  ];

const metadata =
  (text: string): Damage =>
  (key) => [['HSET', key, '@', text]];

/** What makes a record unreadable as a whole. */
export const CORRUPT: Readonly<Record<string, [reason: CorruptReason, damage: Damage]>> = {
  'a string': ['wrong-type', (key) => [['SET', key, '{"a":1}']]],
  'a list': [
    'wrong-type',
    (key) => [
      ['DEL', key],
      ['RPUSH', key, '@', META],
    ],
  ],
  'a set': [
    'wrong-type',
    (key) => [
      ['DEL', key],
      ['SADD', key, '@'],
    ],
  ],
  'a sorted set': [
    'wrong-type',
    (key) => [
      ['DEL', key],
      ['ZADD', key, '1', '@'],
    ],
  ],
  'a stream': [
    'wrong-type',
    (key) => [
      ['DEL', key],
      ['XADD', key, '*', '@', META],
    ],
  ],
  'no metadata': ['unknown-version', (key) => [['HDEL', key, '@']]],
  "another program's hash": ['unknown-version', remade('name', 'value')],
  'a later version': ['unknown-version', (key) => [['HSET', key, '@', '2:whatever:comes:then']]],
  'an empty version': ['unknown-version', (key) => [['HSET', key, '@', '']]],
  garbage: ['unknown-version', (key) => [['HSET', key, '@', 'garbage']]],
  'version 1 of nothing': ['unparsable', (key) => [['HSET', key, '@', '1:']]],
  'too few segments': ['unparsable', metadata(`1:${now}:1200:0:0:[0,0,0,0]`)],
  'letters for numbers': ['unparsable', metadata(meta({ created: 'NaN', timeout: 'Infinity', expires: 'x' }))],
  'negative numbers': ['unparsable', metadata(meta({ created: -now, timeout: -1200 }))],
  'fractions and exponents': ['unparsable', metadata(meta({ created: '1.5', timeout: '1e9', expires: '0x10' }))],
  'a creation beyond all numbers': ['unparsable', metadata(meta({ created: HUGE }))],
  'a timeout beyond all numbers': ['unparsable', metadata(meta({ timeout: HUGE }))],
  'an expiry beyond all numbers': ['unparsable', metadata(meta({ expires: HUGE }))],
  'a login beyond all numbers': ['unparsable', metadata(meta({ login: HUGE }))],
  'a cookie beyond all numbers': ['unparsable', metadata(meta({ sent: HUGE }))],
  'a cookie beyond all dates': ['unparsable', metadata(meta({ sent: '9'.repeat(13) }))],
  'numbers beyond exactness': ['unparsable', metadata(meta({ created: '9'.repeat(17) }))],
  'no timeout': ['unparsable', metadata(meta({ timeout: 0 }))],
  'another suffix of the expiry': ['unparsable', metadata(meta({ expires: `${now}b` }))],
  'another word about the cookie': ['unparsable', metadata(meta({ sent: '1700000000x' }))],
  'another suffix of the timeout': ['unparsable', metadata(meta({ timeout: '1200b' }))],
  'cookie attributes that are not URL-safe': ['unparsable', metadata(meta({ cookie: 'a b' }))],
  'two signs that the cookie is not confirmed': ['unparsable', metadata(meta({ cookie: 'c??' }))],
  'index keys that are no words': ['unparsable', metadata(meta({ keys: 'a b,c' }))],
  'details that are no JSON': ['unparsable', metadata(meta({}, '[0,0,0'))],
  'details of another kind': ['unparsable', metadata(meta({}, '{"length":4}'))],
  'too few details': ['unparsable', metadata(meta({}, '["alice"]'))],
  'metadata that is not UTF-8': ['undecodable', (key) => [bytes(key, '@', meta({}, '["al\xffce",0,0,0]'))]],
  'no time of last use': ['unparsable', (key) => [['HDEL', key, '@s']]],
  'a last use that is no number': ['unparsable', (key) => [['HSET', key, '@s', 'yesterday']]],
  'a last use that is empty': ['unparsable', (key) => [['HSET', key, '@s', '']]],
  'a negative last use': ['unparsable', (key) => [['HSET', key, '@s', '-5']]],
  'a last use beyond all numbers': ['unparsable', (key) => [['HSET', key, '@s', '1e999']]],
  'a last use beyond all dates': ['unparsable', (key) => [['HSET', key, '@s', '9007199254740991']]],
  'a value that is not UTF-8': ['undecodable', (key) => [bytes(key, 'a', '"\xff\xfe"')]],
  "the store's own name for nothing known": ['unknown-version', remade('@x', '1')],
  'a tombstone that is garbage': ['unparsable', remade('@r', 'garbage')],
  'a tombstone without a time': ['unparsable', remade('@r', 'nonce::successor:1')],
  'a tombstone with a time beyond all numbers': ['unparsable', remade('@r', `nonce:${HUGE}:successor:1`)],
  'a tombstone that does not say whether the cookie was confirmed': ['unparsable', remade('@r', 'nonce:1:successor')],
};
