import { randomUUID } from 'node:crypto';
import { hashPassword, isPassword, PASSWORD_COST, type PasswordCost, type PasswordHash } from './passwords.ts';

export interface User {
  readonly id: string;
  readonly name: string;
  /** May see the sessions of all users, and end them. */
  readonly isAdministrator: boolean;
  /** `null` while it is the first one. */
  readonly passwordChangedAt: Date | null;
}

/** The user accounts. A real application keeps them in its database. */
export interface Users {
  /** `null` when the name is taken. */
  create(name: string, password: string): Promise<User | null>;
  find(id: string): Promise<User | null>;
  /** The users whose names contain a text, at most a page of them. */
  search(text: string): Promise<readonly User[]>;
  /** The user with this name and password; takes as long when there is no such name. */
  authenticate(name: string, password: string): Promise<User | null>;
  setPassword(id: string, password: string): Promise<void>;
  /** Logins from before `date` are void. */
  setPasswordChangedAt(id: string, date: Date): Promise<void>;
}

interface Account {
  user: User;
  hash: PasswordHash;
}

/** Users that a search returns. */
const MAX_FOUND = 50;

/** The first who signs up is the administrator. */
export class MemoryUsers implements Users {
  readonly #byId = new Map<string, Account>();
  readonly #byName = new Map<string, Account>();
  /** Compared with when there is no such name, so that the response time does not reveal it. */
  readonly #dummyHash: Promise<PasswordHash>;
  readonly #cost: PasswordCost;

  /** @param cost - of the hashes of passwords; less than the default makes stolen ones easier to guess */
  constructor(cost: PasswordCost = PASSWORD_COST) {
    this.#cost = cost;
    this.#dummyHash = hashPassword(randomUUID(), cost);
  }

  async create(name: string, password: string): Promise<User | null> {
    const key = name.toLowerCase();
    if (this.#byName.has(key)) return null;
    const hash = await hashPassword(password, this.#cost);
    if (this.#byName.has(key)) return null;
    const account = {
      user: { id: randomUUID(), name, isAdministrator: this.#byId.size === 0, passwordChangedAt: null },
      hash,
    };
    this.#byId.set(account.user.id, account);
    this.#byName.set(key, account);
    return account.user;
  }

  async find(id: string): Promise<User | null> {
    return this.#byId.get(id)?.user ?? null;
  }

  async search(text: string): Promise<readonly User[]> {
    const key = text.toLowerCase();
    const users = Array.from(this.#byId.values(), ({ user }) => user);
    return users.filter(({ name }) => name.toLowerCase().includes(key)).slice(0, MAX_FOUND);
  }

  async authenticate(name: string, password: string): Promise<User | null> {
    const account = this.#byName.get(name.toLowerCase());
    const hash = account?.hash ?? (await this.#dummyHash);
    const matches = await isPassword(password, hash);
    // The password may have been changed while the old one was compared.
    return matches && account?.hash === hash ? account.user : null;
  }

  async setPassword(id: string, password: string): Promise<void> {
    const hash = await hashPassword(password, this.#cost);
    this.#account(id).hash = hash;
  }

  async setPasswordChangedAt(id: string, date: Date): Promise<void> {
    const account = this.#account(id);
    account.user = { ...account.user, passwordChangedAt: date };
  }

  #account(id: string): Account {
    const account = this.#byId.get(id);
    if (account === undefined) throw new Error('There is no such user');
    return account;
  }
}
