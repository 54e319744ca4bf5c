// Where the site is, and where the sources are that the pages link to.
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

export const version = manifest.version;

export const repository = manifest.repository.url.replace(/^git\+/, '').replace(/\.git$/, '');

/** The branch or tag that links lead to; the site of a released version links to its tag. */
export const repositoryRef = process.env.SITE_REF ?? 'main';

export const { homepage } = manifest;

/** The path that the site is served under; that of an older version is below the homepage's. */
export const base = process.env.SITE_BASE ?? new URL(homepage).pathname;
