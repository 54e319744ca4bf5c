import type { Gate } from './gates.ts';

export interface Visit {
  readonly user: string | null;
  readonly items: readonly string[];
}

/** The requests of one visitor of a compared application: over HTTP, with the cookie that it has set. */
export class Browser {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  #cookie = '';

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.#url = url;
    this.#headers = headers;
  }

  async post(path: string, gate?: Gate): Promise<void> {
    const response = await this.#fetch(path, { method: 'POST', ...(gate !== undefined && { gate: gate.id }) });
    await response.body?.cancel();
    // A browser takes over the cookie; one that is deleted has an empty value.
    const [cookie] = response.headers.getSetCookie();
    if (cookie !== undefined && gate === undefined) this.#cookie = cookie.split(';')[0]!;
  }

  /** @param cookie - Another one than the present one, as of a browser that still has it. */
  async read(cookie = this.#cookie): Promise<Visit> {
    const response = await this.#fetch('/', { cookie });
    return (await response.json()) as Visit;
  }

  get cookie(): string {
    return this.#cookie;
  }

  async #fetch(path: string, options: { method?: string; cookie?: string; gate?: string }): Promise<Response> {
    const { method = 'GET', cookie = this.#cookie, gate } = options;
    const headers = { ...this.#headers, cookie, ...(gate !== undefined && { 'x-gate': gate }) };
    const response = await fetch(this.#url + path, { method, headers, redirect: 'manual' });
    if (response.ok) return response;
    await response.body?.cancel();
    throw new Error(`A compared application answered ${response.status} to ${method} ${path}`);
  }
}
