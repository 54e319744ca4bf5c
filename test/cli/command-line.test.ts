import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { optionsOf } from '../../src/cli/parse-command-line.ts';
import { objects, run } from './run.ts';

describe('the command line', () => {
  it('prints its version', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  it('lists every command in its help', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const { name, summary } of COMMANDS)
      expect(stdout).toMatch(new RegExp(`^  ${name} +${escape(summary)}$`, 'm'));
  });

  it('prints the help and exits with 2 without a command', async () => {
    const { code, stdout } = await run([]);
    expect(code).toBe(2);
    expect(stdout).toContain('Usage: websauna-session <command>');
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    '%s explains its options with examples',
    async (name, command) => {
      const { code, stdout } = await run([name, '--help']);
      expect(code).toBe(0);
      for (const option of Object.keys(optionsOf(command))) expect(stdout).toContain(`--${option}`);
      expect(command.examples.length).toBeGreaterThan(0);
      for (const example of command.examples) expect(stdout).toContain(`  websauna-session ${example}\n`);
    },
  );

  it('suggests the nearest command and option, and exits with 2', async () => {
    const command = await run(['secert', 'make']);
    expect(command).toMatchObject({ code: 2, stdout: '' });
    expect(command.stderr).toContain('Did you mean secret?');
    const option = await run(['secret', 'check', '--varable', 'X']);
    expect(option).toMatchObject({ code: 2, stdout: '' });
    expect(option.stderr).toContain('Did you mean --variable?');
  });

  it('exits with 2 for an argument that is missing or too many', async () => {
    expect(await run(['secret'])).toMatchObject({
      code: 2,
      stderr: 'Error: Expected <action>: make or check. See --help\n',
    });
    expect(await run(['secret', 'make', 'more'])).toMatchObject({ code: 2, stdout: '' });
  });

  it('prints errors as objects with --json', async () => {
    const { code, stderr } = await run(['secret', '--json']);
    expect(code).toBe(2);
    expect(objects(stderr)).toEqual([{ error: { message: 'Expected <action>: make or check. See --help' } }]);
  });

  it('colours on terminals only, and not with NO_COLOR', async () => {
    const coloured = (await run(['nothing'], { tty: true })).stderr;
    expect(coloured).toContain('\u001b[31mError:');
    expect((await run(['nothing'])).stderr).not.toContain('\u001b');
    expect((await run(['nothing'], { tty: true, env: { NO_COLOR: '1' } })).stderr).not.toContain('\u001b');
    expect((await run(['nothing'], { tty: true, env: { TERM: 'dumb' } })).stderr).not.toContain('\u001b');
  });
});

describe('secret', () => {
  it('makes a secret that it accepts', async () => {
    const made = objects((await run(['secret', 'make', '--json'])).stdout)[0]!['secret'] as string;
    expect(Buffer.from(made, 'base64')).toHaveLength(32);
    expect((await run(['secret', 'make'])).stdout.trim()).not.toBe(made);
    expect(await run(['secret', 'check'], { env: { SESSION_SECRET: made } })).toMatchObject({ code: 0 });
  });

  it.each([
    ['short', 'abcdefghijkl', 'has 12 bytes'],
    ['monotonous', 'ab'.repeat(20), 'repeats few characters'],
    ['of words', 'please-change-me-before-production-0123', 'contains words'],
    ['with a line end', `${randomBytes(32).toString('base64')}\n`, 'white space'],
  ])('refuses a secret that is %s, and does not print it', async (_, secret, problem) => {
    const { code, stdout, stderr } = await run(['secret', 'check'], { env: { SESSION_SECRET: secret } });
    expect(code).toBe(1);
    expect(stdout).toContain(problem);
    expect(stdout + stderr).not.toContain(secret.trim());
  });

  it('reads the variable that is named, and exits with 2 when it is not set', async () => {
    const env = { OLD: randomBytes(32).toString('base64'), SESSION_SECRET: 'x' };
    expect(await run(['secret', 'check', '--variable', 'OLD'], { env })).toMatchObject({ code: 0 });
    expect(await run(['secret', 'check'], {})).toMatchObject({ code: 2 });
  });
});

function escape(text: string): string {
  return text.replaceAll(/[^\w ]/g, String.raw`\$&`);
}
