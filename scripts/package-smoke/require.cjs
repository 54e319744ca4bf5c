// A CommonJS program, for the versions of Node that can require an ES module.
const assert = require('node:assert/strict');
const { createSessionFactory } = require('websauna-session');
const { sessions } = require('websauna-session/express');
const session = require('websauna-session/express-session');

assert.equal(typeof createSessionFactory, 'function');
assert.equal(typeof sessions, 'function');

// As express-session is used: the module is the function.
assert.equal(typeof session, 'function');
assert.equal(typeof session({ secret: 'keyboard cat' }), 'function');
assert.ok(new session.MemoryStore() instanceof session.Store);
// As stores of old are made.
function OldStore() {
  session.Store.call(this);
}
require('node:util').inherits(OldStore, session.Store);
assert.equal(typeof new OldStore().on, 'function');
