import { expect, test } from 'vitest';
import {
  causeAt,
  ConnectionError,
  describeConnectionError,
  redactCommand,
  storeError,
} from '../../../src/stores/redis/errors.ts';
import { SessionError } from '../../../src/errors.ts';

test('what a server quotes of a command is removed from message and stack, where there is one', () => {
  const quoting = (): Error => new Error("ERR unknown command 'X', with args beginning with: 'a secret'");
  const error = redactCommand(quoting()) as Error;
  const bare = redactCommand(Object.assign(quoting(), { stack: undefined })) as Error;
  for (const { message, stack } of [error, bare]) {
    expect(message).toBe("ERR unknown command 'X'");
    expect(stack).not.toContain('a secret');
  }
});

test('what a client rejects with that is no error is passed on in the cause', () => {
  expect(redactCommand('broken')).toBe('broken');
  expect(causeAt('broken', 'Redis at localhost:6379')).toMatchObject({ message: 'Redis at localhost:6379: broken' });
  expect(storeError('load', 'broken')).toBeInstanceOf(SessionError);
  expect(storeError('load', 'broken')).toMatchObject({ message: 'Redis refused to load a session', cause: 'broken' });
});

test('the first cause says why there is no connection', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:6379'), { code: 'ECONNREFUSED' });
  const nested = new ConnectionError('outer', { cause: new ConnectionError('inner', { cause: refused }) });
  expect(describeConnectionError(nested)).toBe('Redis cannot be reached (ECONNREFUSED)');
});
