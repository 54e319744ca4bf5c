// A CommonJS program, for the versions of Node that can require an ES module.
const assert = require('node:assert/strict');
const { createSessionFactory } = require('websauna-session');
const { sessions } = require('websauna-session/express');

assert.equal(typeof createSessionFactory, 'function');
assert.equal(typeof sessions, 'function');
