import { expect, test } from 'vitest';
import { ClientCookie } from '../../../src/engine/client-cookie.ts';

test('a cookie that was not presented has no id, no evidence, and no reason to be sent', () => {
  const cookie = new ClientCookie();
  expect(cookie).toMatchObject({
    presentedId: null,
    signedByOldSecret: false,
    outdatedVariant: null,
    written: false,
    insecurity: null,
    renewalRequested: false,
    evidence: { id: null, ended: false },
  });
});

test('what the store has acknowledged is evidence, until it is dropped', () => {
  const cookie = new ClientCookie();
  cookie.present('presented', true);
  expect(cookie).toMatchObject({ presentedId: 'presented', signedByOldSecret: true });
  expect(cookie.evidence).toEqual({ id: null, ended: false });
  cookie.acknowledge('acknowledged');
  expect(cookie.evidence).toEqual({ id: 'acknowledged', ended: false });
  cookie.acknowledgeEnd();
  cookie.dropAcknowledgement();
  expect(cookie.evidence).toEqual({ id: null, ended: true });
});

test('a connection that forbids the cookie is reported once, and one that does not never', () => {
  const cookie = new ClientCookie();
  expect(cookie.startInsecurityReport()).toBe(false);
  cookie.forbid('untrusted-proxy');
  expect(cookie.insecurity).toBe('untrusted-proxy');
  expect([cookie.startInsecurityReport(), cookie.startInsecurityReport()]).toEqual([true, false]);
});

test('a renewal that is requested, and a cookie that is written, stay so', () => {
  const cookie = new ClientCookie();
  cookie.requestRenewal();
  cookie.markWritten();
  expect(cookie).toMatchObject({ renewalRequested: true, written: true });
});
