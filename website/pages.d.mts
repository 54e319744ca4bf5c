export const root: string;
export function findPages(): Map<string, string>;
export function titleOf(file: string): string;
