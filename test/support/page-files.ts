import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeBlocks, fileNamed } from '../../scripts/markdown.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The files of a documentation page, which names them by `<!-- docs: file NAME -->`, in a folder of their own. */
export class PageFiles {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'page-'));
  readonly names: string[] = [];
  readonly text: string;

  constructor(page: string) {
    this.text = readFileSync(join(root, page), 'utf8');
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'));
    for (const { code, comment } of codeBlocks(this.text)) {
      const name = fileNamed(comment);
      if (name !== null) this.write(name, code);
    }
  }

  write(name: string, code: string): void {
    writeFileSync(join(this.folder, name), `${code}\n`);
    this.names.push(name);
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  /** Imports a file of the page. The tests of a test file become tests of the file that calls this. */
  async load(name: string): Promise<unknown> {
    return (await import(/* @vite-ignore */ join(this.folder, name))) as unknown;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
