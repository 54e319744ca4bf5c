export function escapeUnknownTags(html: string): string;
