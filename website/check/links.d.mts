export interface Site {
  readonly pages: ReadonlyMap<string, string>;
  readonly has: (path: string) => boolean;
  readonly base: string;
  readonly repository: string;
  readonly root: string;
}

export function readPage(html: string): { ids: Set<string>; links: { target: string; embedded: boolean }[] };
export function fileOf(path: string, has: (path: string) => boolean): string | undefined;
export function checkLinks(site: Site): string[];
