/**
 * Returns the address of a page. All pages are at the path where the dashboard is mounted: a link of a query alone keeps
 * the path, also behind a proxy that has removed a part of it.
 */
export function link(page: string, parameters: Readonly<Record<string, string | null | undefined>> = {}): string {
  const query = new URLSearchParams(page === '' ? {} : { page });
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined) query.set(name, value);
  }
  return `?${query.toString()}`;
}
