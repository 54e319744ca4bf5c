import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programs } from '../../scripts/programs.mjs';

export interface Certificate {
  /** PEM. */
  readonly key: string;
  /** PEM; self-signed, so it is its own authority. */
  readonly cert: string;
}

let made: Certificate | undefined;

/** A certificate for 127.0.0.1 and localhost, the same for this process's life: its servers trust each other. */
export function certificate(): Certificate {
  made ??= make();
  return made;
}

function make(): Certificate {
  const openssl = programs.openssl();
  if (openssl === undefined) throw new Error('There is no openssl: run `node scripts/prepare-tests.mjs`.');
  const dir = mkdtempSync(join(tmpdir(), 'certificate-'));
  try {
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync(openssl, ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
