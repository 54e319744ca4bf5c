import type { ResponseHead } from '../../exchange.ts';

/**
 * The head of a Fetch `Response`. Headers of some responses are immutable, those of `Response.redirect()`
 * and `fetch()` among them; a change then makes a response that has the same body.
 */
export class FetchHead implements ResponseHead {
  response: Response;
  #mutable = false;

  constructor(response: Response) {
    this.response = response;
  }

  get status(): number {
    return this.response.status;
  }

  get(name: string): string | undefined {
    return this.response.headers.get(name) ?? undefined;
  }

  set(name: string, value: string): void {
    this.#headers().set(name, value);
  }

  appendCookie(value: string): void {
    this.#headers().append('set-cookie', value);
  }

  #headers(): Headers {
    if (!this.#mutable) {
      try {
        // Deleting what is not there tells whether anything may be changed.
        this.response.headers.delete('x-websauna-session-probe');
      } catch {
        this.response = new Response(this.response.body, this.response);
      }
      this.#mutable = true;
    }
    return this.response.headers;
  }
}
