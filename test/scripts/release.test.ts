import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changelogSection, lacksChangelog, refusals, type ReleaseState } from '../../scripts/release-checks.mjs';

const CHANGELOG =
  '# Changelog\n\n## [1.1.0] - 2026-01-02\n\n### Added\n\n- One.\n\n## [1.0.0] - 2025-12-31\n\n- Older.\n';

describe('the changelog', () => {
  it('has a section for each version', () => {
    expect(changelogSection(CHANGELOG, '1.1.0')).toEqual({ suffix: '2026-01-02', text: '### Added\n\n- One.' });
    expect(changelogSection(CHANGELOG, '1.0.0')).toEqual({ suffix: '2025-12-31', text: '- Older.' });
    expect(changelogSection(CHANGELOG, '1.1')).toBeUndefined();
  });

  it('of this repository has a section for the version of package.json', () => {
    const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(changelogSection(read('CHANGELOG.md'), version)?.text).toMatch(/^### /);
  });

  it('needs a line when the sources change', () => {
    expect(lacksChangelog(['src/index.ts', 'test/a.test.ts'])).toBe(true);
    expect(lacksChangelog(['package.json'])).toBe(true);
    expect(lacksChangelog(['src/index.ts', 'CHANGELOG.md'])).toBe(false);
    expect(lacksChangelog(['docs/session.md', 'test/a.test.ts', 'website/package.json'])).toBe(false);
  });
});

describe('a release is refused', () => {
  const READY: ReleaseState = {
    version: '1.1.0',
    lockVersion: '1.1.0',
    changelog: CHANGELOG,
    status: '',
    tags: new Map([['v1.0.0', 'aaa']]),
    head: 'bbb',
  };

  it('for none of these reasons when all is well', () => {
    expect(refusals(READY)).toEqual([]);
    expect(refusals({ ...READY, tags: new Map([['v1.1.0', 'bbb']]), ref: 'v1.1.0' })).toEqual([]);
  });

  it.each<[string, Partial<ReleaseState>, RegExp]>([
    ['without a section', { version: '1.2.0', lockVersion: '1.2.0' }, /no section "## \[1\.2\.0\]/],
    [
      'without a date',
      { changelog: CHANGELOG.replace('2026-01-02', 'unreleased') },
      /has no date: it says "unreleased"/,
    ],
    ['with an empty section', { changelog: '## [1.1.0] - 2026-01-02\n\n## [1.0.0]\n' }, /is empty/],
    ['of a dirty tree', { status: ' M src/index.ts\n' }, /dirty: commit or remove\n M src\/index\.ts$/],
    ['of a version that is out', { tags: new Map([['v1.1.0', 'aaa']]) }, /v1\.1\.0 is at another commit/],
    ['of another tag', { ref: 'v1.0.0' }, /v1\.0\.0 is not that of package\.json, v1\.1\.0/],
    ['with an old lock file', { lockVersion: '1.0.0' }, /has the version 1\.0\.0/],
    ['without a version', { version: 'next', lockVersion: 'next' }, /no semantic version/],
  ])('%s', (_title, change, reason) => {
    expect(refusals({ ...READY, ...change }).join('\n')).toMatch(reason);
  });
});

describe('npm run release', () => {
  const scripts = fileURLToPath(new URL('../../scripts/', import.meta.url));
  let folder: string;

  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
  const write = (file: string, content: unknown): void => {
    writeFileSync(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content));
  };
  const run = (...args: string[]): { status: number | null; output: string } => {
    const { GITHUB_REF_NAME: _name, GITHUB_REF_TYPE: _type, ...rest } = process.env;
    const env = {
      ...rest,
      GIT_AUTHOR_NAME: 'A',
      GIT_AUTHOR_EMAIL: 'a@example.org',
      GIT_COMMITTER_NAME: 'A',
      GIT_COMMITTER_EMAIL: 'a@example.org',
    };
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/release.mjs', ...args], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'release-'));
    mkdirSync(join(folder, 'scripts'));
    for (const file of ['release.mjs', 'release-checks.mjs']) {
      copyFileSync(join(scripts, file), join(folder, 'scripts', file));
    }
    write('package.json', {
      name: 'released',
      version: '1.1.0',
      files: ['index.js'],
      repository: { type: 'git', url: 'https://example.org/released' },
      scripts: { test: 'node index.js', 'check:website': 'node index.js' },
    });
    write('package-lock.json', { name: 'released', version: '1.1.0' });
    write('CHANGELOG.md', CHANGELOG);
    write('index.js', 'console.log("tested");\n');
    git('init', '--quiet', '--initial-branch=main');
    git('add', '--all');
    git('commit', '--quiet', '--message=Begin');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('shows everything that a release would publish, and changes nothing, in a dry run', () => {
    const { status, output } = run('--dry-run');
    expect(output).toContain('== npm run test\ntested');
    expect(output).toContain('== npm run check:website\ntested');
    expect(output).toContain(`Tag:         v1.1.0, at ${git('rev-parse', 'HEAD').trim()}`);
    expect(output).toContain('### Added\n\n- One.');
    expect(output).toContain('npm publish --provenance');
    expect(output).toMatch(/ {2}index\.js \(\d+\)\n {2}package\.json \(\d+\)/);
    expect(output).not.toContain('  CHANGELOG.md (');
    expect(status).toBe(0);
    expect(git('tag')).toBe('');
  });

  it('makes the tag, and says how to publish it', () => {
    const { status, output } = run();
    expect(output).toContain('git push origin v1.1.0');
    expect(status).toBe(0);
    expect(git('rev-parse', 'v1.1.0^{commit}')).toBe(git('rev-parse', 'HEAD'));
  });

  it('refuses when a test fails', () => {
    write('index.js', 'process.exit(1);\n');
    git('commit', '--quiet', '--all', '--message=Break');
    const { status, output } = run();
    expect(output).toContain('Refused: `npm run test` fails.\nRefused: `npm run check:website` fails.');
    expect(output).not.toContain('Provenance');
    expect(status).toBe(1);
    expect(git('tag')).toBe('');
  });

  it('refuses a dirty tree before it runs a test, and one that the tests have left dirty', () => {
    write('note.txt', 'x');
    expect(run('--dry-run')).toEqual({
      status: 1,
      output: 'Refused: The tree is dirty: commit or remove\n?? note.txt\n',
    });
    rmSync(join(folder, 'note.txt'));
    write('index.js', "require('node:fs').writeFileSync('left.txt', 'x');\n");
    git('commit', '--quiet', '--all', '--message=Leave');
    expect(run('--dry-run').output).toContain('have left the tree dirty:\n?? left.txt');
  });

  it('refuses a version that was released from another commit', () => {
    git('tag', '--annotate', 'v1.1.0', '--message=Release');
    git('commit', '--quiet', '--allow-empty', '--message=Go on');
    expect(run('--dry-run').output).toBe('Refused: The tag v1.1.0 is at another commit: raise the version.\n');
  });

  it('prints the notes of the version', () => {
    expect(run('--notes')).toEqual({ status: 0, output: '### Added\n\n- One.\n' });
  });
});
