import assert from 'node:assert/strict';
import { createSessionFactory } from 'websauna-session';
import type { RedisOptions } from 'websauna-session/redis';
import type { GivenClient } from '../support/redis-clients.ts';
import { Crowd, LOAD } from './crowd.ts';
import type { Factory } from './person.ts';

const SECRET = 'a secret of the sites that meet with accidents';
/** For each site; several share two processors with their servers. */
const PEOPLE = 3 * LOAD;

/** An application that runs in two processes, with a client library of its own, and its visitors. */
export interface Site {
  readonly name: string;
  readonly crowd: Crowd;
  readonly factories: readonly Factory[];
  readonly clients: readonly GivenClient[];
}

export interface SiteOptions {
  readonly redis?: RedisOptions;
  readonly people?: number;
}

export function openSite(name: string, redis: readonly RedisOptions[], people: number = PEOPLE): Site {
  const factories = redis.map((options) => createSessionFactory({ secret: SECRET, redis: options }));
  return { name, factories, crowd: new Crowd(factories, people), clients: [] };
}

/** One site for each client library, with two clients of it. */
export async function openSites<Topology>(
  kinds: Readonly<Record<string, (topology: Topology) => Promise<GivenClient>>>,
  topology: Topology,
  options: SiteOptions = {},
): Promise<Site[]> {
  const sites: Site[] = [];
  for (const [name, connect] of Object.entries(kinds)) {
    const clients = [await connect(topology), await connect(topology)];
    const redis = clients.map(({ client }) => ({ ...options.redis, client }));
    sites.push({ ...openSite(name, redis, options.people), clients });
  }
  return sites;
}

export function startAll(sites: readonly Site[]): void {
  for (const { crowd } of sites) crowd.start();
}

export async function each(sites: readonly Site[], act: (crowd: Crowd) => Promise<unknown>): Promise<void> {
  await Promise.all(sites.map(({ crowd }) => act(crowd)));
}

export async function closeAll(sites: readonly Site[]): Promise<void> {
  await each(sites, (crowd) => crowd.stop());
  for (const { factories, clients } of sites) {
    for (const factory of factories) await factory.close();
    for (const client of clients) await client.close();
  }
}

export interface Span {
  readonly since: number;
  readonly until: number;
}

/** What happened to a site, in figures. */
export interface Accident {
  readonly title: string;
  /** When it began, by the process's clock. */
  readonly at: number;
  /** Times at which an acknowledgement, or a read, may be untrue: it was not replicated, or came from a demoted master. */
  readonly excused: readonly Span[];
  readonly figures?: Readonly<Record<string, string | number>>;
}

/** Ends the visits, checks everything once more, prints the figures, and asserts that nothing is broken but what may be. */
export async function conclude(sites: readonly Site[], accident: Accident): Promise<void> {
  const { title, at, excused, figures } = accident;
  await each(sites, (crowd) => crowd.stop());
  for (const { name, crowd } of sites) {
    await crowd.audit();
    const { failedAt } = crowd;
    crowd.report(`${title}, ${name}`, {
      'last failure': failedAt === undefined ? 'never' : `${Math.round(failedAt - at)} ms after it began`,
      ...figures,
    });
  }
  for (const { name, crowd } of sites) {
    const within = (time: number): boolean => excused.some(({ since, until }) => time >= since && time <= until);
    const broken = crowd.broken.filter(({ acknowledgedAt, seenAt }) => !within(acknowledgedAt) && !within(seenAt));
    const reported = broken.map(
      ({ what, acknowledgedAt, seenAt }) =>
        `${what}, acknowledged after ${Math.round(acknowledgedAt - at)} ms, seen ${Math.round(seenAt - at)} ms`,
    );
    assert.deepEqual({ name, wrong: crowd.wrong, broken: reported }, { name, wrong: [], broken: [] });
  }
}
