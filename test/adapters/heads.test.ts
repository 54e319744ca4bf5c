// Forms in which code hands headers over that few tests of whole applications use.
import assert from 'node:assert/strict';
import { createServer, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { describe, test } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { withSession } from 'websauna-session/node';
import { HeaderMapHead } from '../../src/adapters/node/head.ts';
import { ask, type Answer } from './support/client.ts';
import { listen } from './support/listen.ts';

describe('the head of an HTTP/2 stream', () => {
  test('takes a flat list of headers, as newer versions of Node do, and keeps all cookies of it', () => {
    const head = new HeaderMapHead([':status', 201, 'Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'Vary', 'Accept']);
    head.appendCookie('session=c');
    assert.equal(head.status, 201);
    assert.deepEqual(head.headers, {
      ':status': 201,
      'set-cookie': ['a=1', 'b=2', 'session=c'],
      vary: 'Accept',
    });
  });

  test('reads a header that has several values as one', () => {
    const head = new HeaderMapHead({ Vary: ['Accept', 'Cookie'], Etag: '"1"' });
    assert.deepEqual([head.get('vary'), head.get('etag'), head.get('age')], ['Accept, Cookie', '"1"', undefined]);
  });
});

describe('writeHead()', () => {
  async function answerTo(respond: (res: ServerResponse) => void): Promise<Answer> {
    const factory = createSessionFactory({ secret: 'nothing that a site may use, but long enough' });
    let answer!: Answer;
    const listener = withSession(factory, (req, res) => {
      req.session.login('alice');
      respond(res);
    });
    await listen(createServer(listener), async (port) => {
      answer = await ask(port);
    });
    return answer;
  }

  test('takes a status that is a string, as Node does, beside the cookie', async () => {
    const { status, headers, cookies } = await answerTo((res) => res.writeHead('201' as never, { 'x-a': '1' }).end());
    assert.deepEqual([status, headers['x-a'], cookies.length], [201, '1', 1]);
  });

  test('that is called after a write changes nothing that has been sent', async () => {
    const { status, cookies, body } = await answerTo((res) => {
      res.write('one ');
      res.writeHead(404, { 'x-late': '1' });
      res.write('zwö', 'latin1');
      res.end();
    });
    assert.deepEqual([status, cookies.length, body.toString('latin1')], [200, 1, 'one zwö']);
  });

  test('leaves out a header without a value', async () => {
    const headers: OutgoingHttpHeaders = { 'x-a': undefined, 'x-b': '1' };
    const answer = await answerTo((res) => res.writeHead(200, headers).end());
    assert.deepEqual(['x-a' in answer.headers, answer.headers['x-b'], answer.cookies.length], [false, '1', 1]);
  });
});
