export interface Section {
  readonly text: string;
  readonly pages: readonly string[];
}

export interface Placement {
  readonly sections: Section[];
  readonly unplaced: string[];
  readonly missing: string[];
}

export const SECTIONS: readonly Section[];
export function placePages(pages: readonly string[], sections?: readonly Section[]): Placement;
