import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import type { WebsaunaSession } from 'websauna-session';
import { plainPart, type Answer, type AskInit } from './support/client.ts';
import { RESPONSES } from './support/responses.ts';
import { FRAMEWORKS, Site, withSite, type Respond } from './support/site.ts';
import { quiet } from './support/store-gate.ts';

async function answerOfPlain(respond: Respond, init?: AskInit): Promise<Answer> {
  const site = await Site.open('plain', { respond });
  try {
    return await site.ask(init);
  } finally {
    await site.close();
  }
}

describe.each(FRAMEWORKS)('%s: a response leaves when the session is stored, and is what it was', (framework) => {
  test.each(Object.entries(RESPONSES))('%s', async (_name, { respond, init }) => {
    const plain = await answerOfPlain(respond, init);
    await withSite(framework, { respond, use: (session) => session.set('a', 1) }, async (site) => {
      const write = site.gate.hold();
      const answering = site.ask(init);
      await write.reached;
      await quiet();
      assert.equal(site.bytesSent, 0);
      write.open();
      const answer = await answering;
      assert.deepEqual(plainPart(answer), plainPart(plain));
      assert.equal(answer.cookies.length, plain.cookies.length + 1);
      assert.equal(answer.headers['vary'], 'Cookie');
      assert.deepEqual(site.errors, []);
    });
  });
});

const HELD = ['writeHead', 'write', 'end', 'flushHeaders', 'setHeader', 'headersSent', 'writableEnded'];

describe.each(FRAMEWORKS)('%s: a response whose session has nothing to store is sent at once', (framework) => {
  test.each(Object.entries(RESPONSES))('%s', async (_name, { respond, init }) => {
    const seen: { own: string[]; sync: boolean }[] = [];
    const watch: Respond = (req, res) => {
      const own = HELD.filter((name) => Object.hasOwn(res, name));
      const before = req.socket.bytesWritten;
      const done = respond(req, res);
      seen.push({ own, sync: req.socket.bytesWritten > before });
      return done;
    };
    const plain = await answerOfPlain(watch, init);
    const look = (session: WebsaunaSession): number => session.size;
    for (const [use, path, vary] of [
      [undefined, '/style.css'],
      [undefined, '/'],
      [look, '/', 'Cookie'],
    ] as const) {
      await withSite(framework, use === undefined ? { respond: watch } : { respond: watch, use }, async (site) => {
        const answer = await site.ask({ ...init, path });
        assert.deepEqual(plainPart(answer), plainPart(plain));
        assert.deepEqual(answer.cookies, plain.cookies);
        assert.equal(answer.headers['vary'], vary);
      });
    }
    const [without, ignored, ...others] = seen;
    for (const { sync } of [ignored!, ...others]) assert.equal(sync, without!.sync);
    assert.deepEqual(ignored!.own, [], 'the methods are those of the class');
  });
});

const sessionOf = (req: object): WebsaunaSession => (req as { session: WebsaunaSession }).session;
const size = (req: object): string => String(sessionOf(req).set('a', 1).size);

describe.each(FRAMEWORKS)('%s: a session that is first used in the arguments of', (framework) => {
  // The method is looked up before its arguments use the session: it must be ours already.
  const calls: Readonly<Record<string, Respond>> = {
    end: (req, res) => res.end(size(req)),
    write(req, res) {
      res.write(size(req));
      res.end();
    },
    writeHead: (req, res) => res.writeHead(200, { 'x-size': size(req) }).end('1'),
  };

  test.each(Object.entries(calls))('%s is stored before', async (_name, respond) => {
    await withSite(framework, { respond }, async (site) => {
      const write = site.gate.hold();
      const answering = site.ask();
      await write.reached;
      await quiet();
      assert.equal(site.bytesSent, 0);
      write.open();
      const { status, body, cookies } = await answering;
      assert.deepEqual([status, body.toString(), cookies.length], [200, '1', 1]);
    });
  });
});
