// What the examples with sockets do, seen from outside, with two processes on Redis and with one in memory:
//
//   a socket knows who is logged in, and saves a draft into the session
//   the form "Log out everywhere" closes the sockets of its owner in all processes, and no other
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Visitor } from './visitor.mjs';

/** More than the message of an end takes, and far less than the regular check of sessions. */
const SOON_MS = 5000;

async function loggedIn(origin, user) {
  const visitor = new Visitor(origin);
  await visitor.logIn(user);
  return visitor;
}

/** Waits until a socket is closed. */
async function assertClosed({ closed }, what) {
  const isClosed = await Promise.race([closed.then(() => true), delay(SOON_MS, false, { ref: false })]);
  assert.ok(isClosed, `${what} is closed`);
}

async function assertOpen(socket, owner) {
  assert.equal(await socket.ask('whoami'), owner);
}

/** @param connect opens a socket to an origin, with a cookie and the origin of the page that opens it */
export function socketSteps(connect) {
  const open = (origin, visitor) => connect(origin, { cookie: visitor.cookieHeader, origin });
  return {
    async 'no socket without a login'(origin) {
      const visitor = new Visitor(origin);
      await assert.rejects(open(origin, visitor));
      await visitor.get('/');
      await assert.rejects(open(origin, visitor));
    },

    async 'no socket for the page of another site'(origin) {
      const visitor = await loggedIn(origin, 'alice');
      const cookie = visitor.cookieHeader;
      await assert.rejects(connect(origin, { cookie, origin: 'https://evil.example' }));
      (await open(origin, visitor)).close();
    },

    async 'a socket knows the owner, and saves'(origin, { otherOrigin }) {
      const visitor = await loggedIn(origin, 'alice');
      const socket = await open(otherOrigin, visitor);
      assert.equal(await socket.ask('whoami'), 'alice');
      assert.equal(await socket.ask('draft', 'Dear Bob'), 'saved');
      assert.equal((await visitor.me()).draft, 'Dear Bob');
      socket.close();
    },

    async 'logout closes the sockets of its session'(origin, { otherOrigin }) {
      const [phone, laptop] = [await loggedIn(origin, 'alice'), await loggedIn(origin, 'alice')];
      const sockets = [await open(origin, phone), await open(otherOrigin, phone)];
      const other = await open(otherOrigin, laptop);
      await phone.logOut();
      for (const socket of sockets) await assertClosed(socket, 'the socket of the session');
      await assertOpen(other, 'alice');
      other.close();
    },

    async 'logout everywhere closes those of the owner'(origin, { otherOrigin }) {
      const [phone, laptop] = [await loggedIn(origin, 'carol'), await loggedIn(otherOrigin, 'carol')];
      const bob = await loggedIn(origin, 'bob');
      const own = [];
      const others = [];
      for (const each of [origin, otherOrigin]) {
        for (const visitor of [phone, laptop]) own.push(await open(each, visitor));
        others.push(await open(each, bob));
      }
      const { status } = await phone.send(await phone.form('Log out everywhere'));
      assert.equal(status, 303);
      for (const socket of own) await assertClosed(socket, 'a socket of the owner');
      for (const socket of others) {
        await assertOpen(socket, 'bob');
        socket.close();
      }
      await assert.rejects(open(origin, laptop));
    },
  };
}
