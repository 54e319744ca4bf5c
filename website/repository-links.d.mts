export interface LinkOptions {
  readonly root: string;
  readonly pages: ReadonlyMap<string, string>;
  readonly repository: string;
  readonly ref: string;
}

export function resolveLink(target: string, file: string, options: LinkOptions): string;
