// The baseline: a signed cookie, one GET, JSON, and a SET for a change. Written for speed, with none of what makes a
// session safe: no merging, no rotation, no lifetimes beyond a TTL.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const SECRET = 'a secret of more than thirty-two bytes';
const TTL = 1200;
const NAME = 'baseline=';

function sign(id) {
  return createHmac('sha256', SECRET).update(id).digest('base64url');
}

export function readId(header) {
  const at = header === undefined ? -1 : header.indexOf(NAME);
  if (at === -1) return undefined;
  const end = header.indexOf(';', at);
  const value = header.slice(at + NAME.length, end === -1 ? undefined : end);
  const dot = value.lastIndexOf('.');
  const id = value.slice(0, dot);
  const [given, expected] = [Buffer.from(value.slice(dot + 1)), Buffer.from(sign(id))];
  return given.length === expected.length && timingSafeEqual(given, expected) ? id : undefined;
}

export class Baseline {
  constructor(client) {
    this.client = client;
  }

  async load(header) {
    const id = readId(header);
    const text = id === undefined ? null : await this.client.get(`baseline:${id}`);
    return { id, data: text === null ? {} : JSON.parse(text), cookie: undefined };
  }

  async save(session) {
    if (session.id === undefined) this.renew(session);
    await this.client.set(`baseline:${session.id}`, JSON.stringify(session.data), {
      expiration: { type: 'EX', value: TTL },
    });
  }

  renew(session) {
    session.id = randomBytes(32).toString('base64url');
    session.cookie = `${NAME}${session.id}.${sign(session.id)}; Path=/; HttpOnly; SameSite=Lax`;
  }
}
