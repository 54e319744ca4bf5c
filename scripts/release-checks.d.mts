export interface ReleaseState {
  readonly version: string;
  readonly lockVersion: string;
  readonly changelog: string;
  readonly status: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly head: string;
  readonly ref?: string | undefined;
}

export function changelogSection(changelog: string, version: string): { suffix: string; text: string } | undefined;
export function refusals(state: ReleaseState): string[];
export function lacksChangelog(files: readonly string[]): boolean;
