import { scryptSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { CHEAP, loadModule } from './demo-site.ts';

interface Passwords {
  hashPassword: (password: string, cost?: object) => Promise<{ cost: object; salt: Buffer; key: Buffer }>;
  isPassword: (password: string, hash: object) => Promise<boolean>;
}

interface Users {
  MemoryUsers: new (cost?: object) => {
    create(name: string, password: string): Promise<object | null>;
    authenticate(name: string, password: string): Promise<object | null>;
  };
}

const { hashPassword, isPassword } = await loadModule<Passwords>('passwords.ts');
const { MemoryUsers } = await loadModule<Users>('users.ts');

it('a password is hashed at the cost that OWASP asks for, unless another one is chosen', async () => {
  expect((await hashPassword('correct horse')).cost).toEqual({ N: 2 ** 15, r: 8, p: 3 });
  const { cost, salt, key } = await hashPassword('correct horse', CHEAP);
  expect(cost).toEqual(CHEAP);
  expect(key.equals(scryptSync('correct horse', salt, 32, CHEAP))).toBe(true);
});

it('a hash from before a change of the cost still counts', async () => {
  const hash = await hashPassword('correct horse', CHEAP);
  expect(await isPassword('correct horse', hash)).toBe(true);
  expect(await isPassword('wrong horse', hash)).toBe(false);
});

it.each([['the default'], ['another', CHEAP]])('users log in with %s cost', async (_title, cost?: object) => {
  const users = new MemoryUsers(cost);
  const ada = await users.create('Ada', 'correct horse');
  expect(ada).not.toBeNull();
  expect(await users.authenticate('Ada', 'correct horse')).toEqual(ada);
});
