import type { Keyring } from '../crypto/keyring.ts';
import type { Exchange } from '../exchange.ts';
import type { ClientDetailMode, SessionConfig } from './config.ts';

/** Longer than the `User-Agent` of every browser. */
const MAX_AGENT_LENGTH = 512;

/** Returns what a session keeps of the client of a request. */
export function clientDetails(
  { config, keyring }: { readonly config: SessionConfig; readonly keyring: Keyring },
  exchange: Exchange,
  isOwned: boolean,
): { address: string | null; agent: string | null } {
  const kind = isOwned ? 'owned' : 'anonymous';
  const { clientAddress, userAgent } = config;
  return {
    address: keptForm(clientAddress[kind], exchange.clientAddress, truncateAddress, (address) =>
      keyring.clientHash('address', canonicalAddress(address) ?? address),
    ),
    agent: keptForm(userAgent[kind], agentOf(exchange), truncateUserAgent, (agent) =>
      keyring.clientHash('agent', agent),
    ),
  };
}

function keptForm(
  mode: ClientDetailMode,
  text: string | null,
  truncate: (text: string) => string | null,
  hash: (text: string) => string,
): string | null {
  if (text === null || mode === 'off') return null;
  if (mode === 'full') return text;
  return mode === 'truncated' ? truncate(text) : hash(text);
}

function agentOf(exchange: Exchange): string | null {
  const agent = exchange.header('user-agent')?.slice(0, MAX_AGENT_LENGTH) ?? null;
  // Cut between characters, not in the middle of one.
  return agent === null ? null : agent.replace(/[\ud800-\udbff]$/, '');
}

const IPV4 = /^(?:::ffff:)?(\d{1,3}\.\d{1,3}\.\d{1,3})\.(\d{1,3})$/i;

/** Returns an address in the one form that equal addresses share; `null` for what is no IP address. */
function canonicalAddress(address: string): string | null {
  // A server that listens on both families writes an IPv4 address as `::ffff:192.0.2.1`.
  const ipv4 = IPV4.exec(address);
  const [host] = address.split('%') as [string];
  const url = ipv4 === null ? `http://[${host}]/` : `http://${ipv4[1]}.${ipv4[2]}/`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[(.*)\]$/, '$1') : null;
}

/** Returns the first 24 bits of an IPv4 address, or 48 of an IPv6 address; `null` for what is no IP address. */
export function truncateAddress(address: string): string | null {
  const canonical = canonicalAddress(address);
  if (canonical === null) return null;
  const ipv4 = IPV4.exec(canonical);
  if (ipv4 !== null) return `${ipv4[1]}.0`;
  const [before, after] = canonical.split('::') as [string, string?];
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined ? [] : after.split(':');
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail].slice(0, 3);
  // The shortest form has no zeros before the colons (RFC 5952 section 4.2).
  while (groups.at(-1) === '0') groups.pop();
  return `${groups.join(':')}::`;
}

/** Product tokens by which browsers are told apart, those first whose user agents contain the others' too. */
const BROWSERS: readonly (readonly [name: string, version: RegExp])[] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\/(\d+)/],
  ['Opera', /\b(?:OPR|OPiOS|OPT)\/(\d+)/],
  ['Samsung Internet', /\bSamsungBrowser\/(\d+)/],
  ['Firefox', /\b(?:Firefox|FxiOS)\/(\d+)/],
  ['Chrome', /\b(?:Chrome|CriOS|HeadlessChrome)\/(\d+)/],
  ['Safari', /\bVersion\/(\d+)\S* (?:Mobile\/\S+ )?Safari\//],
];

const SYSTEMS: readonly (readonly [name: string, token: RegExp])[] = [
  ['iOS', /\b(?:iPhone|iPad|iPod)\b/],
  ['Android', /\bAndroid\b/],
  ['Windows', /\bWindows\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['macOS', /\bMac ?OS ?X\b|\bMacintosh\b/],
  ['Linux', /\bLinux\b/],
];

/**
 * Returns the browser with its major version, and the system: `Chrome 126 on Windows`. Of other programs, the first
 * product: `curl 8`; `null` when there is none.
 */
export function truncateUserAgent(agent: string): string | null {
  for (const [name, version] of BROWSERS) {
    const major = version.exec(agent)?.[1];
    if (major === undefined) continue;
    const system = SYSTEMS.find(([, token]) => token.test(agent))?.[0];
    return system === undefined ? `${name} ${major}` : `${name} ${major} on ${system}`;
  }
  const product = /^([\w.-]{1,40})(?:\/(\d{1,9}))?/.exec(agent);
  if (product === null) return null;
  return product[2] === undefined ? product[1]! : `${product[1]} ${product[2]}`;
}
