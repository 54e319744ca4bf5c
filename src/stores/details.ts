import type { RecordDetails } from './store.ts';

/** Details as UTF-8 can hold them: a lone surrogate, as of an emoji that was cut in two, becomes U+FFFD. */
export function wellFormedDetails(details: RecordDetails): RecordDetails {
  const { owner, method, address, agent, indexKeys } = details;
  return {
    owner: wellFormed(owner),
    method: wellFormed(method),
    address: wellFormed(address),
    agent: wellFormed(agent),
    indexKeys,
  };
}

/** There in Node.js from version 20 on, but not in the types of ES2023. */
function wellFormed(text: string | null): string | null {
  return text === null ? null : (text as string & { toWellFormed(): string }).toWellFormed();
}
