export function tagline(readme?: string): string;
