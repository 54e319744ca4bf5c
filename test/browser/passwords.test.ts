import { scryptSync } from 'node:crypto';
import { expect, it } from 'vitest';

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

/** The demo's own modules; see demo-site.ts for why they come without types. */
async function load<Module>(file: string): Promise<Module> {
  return (await import(/* @vite-ignore */ new URL(`../../demo/src/${file}`, import.meta.url).href)) as Module;
}

const { hashPassword, isPassword } = await load<Passwords>('passwords.ts');
const { MemoryUsers } = await load<Users>('users.ts');

const CHEAP = { N: 2 ** 10, r: 8, p: 1 };

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
